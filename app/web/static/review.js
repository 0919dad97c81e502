// The queue, one passage at a time: decide by keys, take back, skip, go back; the next comes by itself.

import { ask, Refusal } from "./api.js";
import { topicOfKey } from "./chooser.js";
import { isConflict, resolved } from "./conflict.js";
import { Known } from "./decisions.js";
import { element, isolated, tell } from "./dom.js";
import { showHistory } from "./history.js";
import { counted, namesOf, say } from "./page.js";
import { Passage } from "./passage.js";
import { showProgress } from "./progress.js";
import { acceptUploads } from "./queue_upload.js";
import { taggedSection } from "./reading.js";

const panel = document.getElementById("review-panel");
const place = document.getElementById("current");
const actions = document.getElementById("review-actions");
const status = document.getElementById("review-status");
const strategy = document.getElementById("strategy");
const buttons = Object.fromEntries(["accept", "undo", "skip", "back"].map((id) => [id, document.getElementById(id)]));

/** What is shown, {stored, known, passage}, and what was decided before it on this page, the latest last. */
let current = null;
const decided = [];
let busy = false;

async function next(skip = "") {
  const query = new URLSearchParams({ strategy: strategy.value, ...(skip && { skip }) });
  const answer = await ask("GET", `/v1/reviews/next?${query}`);
  document.getElementById("left").textContent = say("left_in_queue", { count: counted(answer.left) });
  if (answer.passage) await show(answer.passage, new Known(answer.passage.id, answer.passage.revision));
  else {
    current = null;
    place.replaceChildren(element("p", { class: "empty" }, say("queue_empty")));
    actions.hidden = true;
  }
}

async function show(stored, known) {
  const article = await renderedPassage(stored);
  const passage = new Passage(article, { open: true });
  const topics = known.review && !known.review.withdrawn ? known.review.topics : passage.found;
  passage.choose(topics);
  for (const decision of stored.decisions) {
    const line = element("p", { class: "hint" }, isolated(decision.reviewer), ` ${say("decided_so")} ${namesOf(decision.topics)}`);
    article.append(line);
  }
  place.replaceChildren(article);
  actions.hidden = false;
  current = { stored, known, passage };
  article.focus({ preventScroll: true });
}

/** The passage as the service renders it, with the words that decided. */
async function renderedPassage(stored) {
  const section = await taggedSection(stored.text, "none");
  const article = section.querySelector(".passage");
  if (!article) throw new Refusal("no-model", 503, "");
  article.querySelector("h3").textContent = say("passage_to_review");
  if (stored.source) article.querySelector(".passage-head").append(isolated(stored.source, { class: "hint" }));
  return article;
}

async function accept() {
  const { known, passage } = current;
  try {
    await known.save(passage.topics);
  } catch (refusal) {
    if (!isConflict(refusal)) throw refusal;
    tell(status, refusal.message, "bad");
    if (await resolved(place, known, passage.topics)) return accept();
    return next(known.passageId);
  }
  decided.push(current);
  tell(status, say("saved_decision", { topics: namesOf(passage.topics) }), "good");
  await next();
  refresh();
}

async function undo() {
  const last = decided.pop();
  if (!last) return tell(status, say("nothing_to_undo"));
  try {
    await last.known.undo();
  } catch (refusal) {
    decided.push(last);
    throw refusal;
  }
  await show(last.stored, last.known);
  tell(status, say("undone"), "good");
  refresh();
}

async function back() {
  const last = decided.pop();
  if (!last) return tell(status, say("no_earlier"));
  await show(last.stored, last.known);
  tell(status, say("back_again"));
}

async function skip() {
  await next(current.known.passageId);
  tell(status, say("skipped"));
}

/** Do one thing at a time, and say in words what failed. */
async function doing(act) {
  if (busy) return;
  busy = true;
  place.setAttribute("aria-busy", "true");
  try {
    await act();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    tell(status, refusal.message, "bad");
  } finally {
    busy = false;
    place.removeAttribute("aria-busy");
  }
}

async function refresh() {
  try {
    await Promise.all([showProgress(), showHistory()]);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
  }
}

const forward = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";

function keyed(event) {
  if (!current || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, summary, #review-actions button, .conflict button")) return;
  const topic = topicOfKey(event);
  if (topic) {
    if (!busy) current.passage.toggle(topic);
  } else if (event.key === "Enter") doing(accept);
  else if (event.code === "KeyU") doing(undo);
  else if (event.code === "KeyS" || event.key === forward) doing(skip);
  else if (event.code === "KeyB" || event.key === backward) doing(back);
  else if (event.key === "ArrowDown" || event.key === "ArrowUp") current.passage.chooser.move(event.key === "ArrowDown" ? 1 : -1);
  else return;
  event.preventDefault();
}

panel.addEventListener("keydown", keyed);
buttons.accept.addEventListener("click", () => current && doing(accept));
buttons.undo.addEventListener("click", () => doing(undo));
buttons.skip.addEventListener("click", () => current && doing(skip));
buttons.back.addEventListener("click", () => doing(back));
strategy.addEventListener("change", () => doing(() => next()));
acceptUploads(async () => {
  if (!current) await doing(() => next());
  await refresh();
});
doing(() => next());
refresh();
document.documentElement.dataset.ready = "yes";
