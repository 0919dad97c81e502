// Starts a training job, watches it, and shows what came of it.

import { ask, Refusal } from "./api.js";
import { tell } from "./dom.js";
import { showResult } from "./job_result.js";
import { watched } from "./job_watch.js";
import { canSay, counted, say } from "./page.js";

const form = document.getElementById("train-form");
const fileRow = document.getElementById("train-file-row");
const file = document.getElementById("train-file");
const start = document.getElementById("train");
const box = document.getElementById("job");
const bar = document.getElementById("job-progress");
const stage = document.getElementById("job-stage");
const cancel = document.getElementById("job-cancel");
const status = document.getElementById("job-status");
let running = "";

/** Make the form work; `promote(version, statusLine)` puts a result in use. */
export function offerTraining(promote) {
  form.addEventListener("change", () => (fileRow.hidden = source() !== "csv"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    told(async () => follow(await begun(), promote));
  });
  cancel.addEventListener("click", () =>
    told(async () => {
      await ask("DELETE", `/v1/training-jobs/${running}`);
      tell(status, say("cancel_asked"));
    }),
  );
  form.hidden = false;
  told(showMerged);
  told(() => resume(promote));
}

/** A job may run that was started earlier, or elsewhere; the latest one's result is shown. */
async function resume(promote) {
  const { jobs } = await ask("GET", "/v1/training-jobs");
  if (!jobs.length) return;
  if (jobs[0].state === "running") await follow(jobs[0], promote);
  else if (jobs[0].state === "succeeded") showResult(await ask("GET", `/v1/training-jobs/${jobs[0].id}`), promote);
}

async function showMerged() {
  const merged = await ask("GET", "/v1/reviews/merged");
  document.getElementById("merged").textContent = say("merged_says", {
    rows: counted(merged.rows),
    disagreements: counted(merged.disagreements.length),
    protected: counted(merged.protected),
    capped: counted(merged.capped.reduce((sum, each) => sum + each.left_out, 0)),
  });
}

const source = () => new FormData(form).get("source");

async function begun() {
  const options = { with_shipped: form.elements.with_shipped.checked, hold_out: Number(form.elements.hold_out.value) };
  if (source() === "reviews") return ask("POST", "/v1/training-jobs", { json: { from: "reviews", ...options } });
  if (!file.files.length) throw new Refusal("no-file", 0, "");
  const query = new URLSearchParams(options);
  return ask("POST", `/v1/training-jobs?${query}`, { body: file.files[0], type: "text/csv" });
}

async function follow(job, promote) {
  running = job.id;
  start.disabled = true;
  box.hidden = false;
  tell(status, "");
  try {
    for await (const now of watched(job.id)) {
      show(now);
      if (now.state !== "running") ended(now, promote);
    }
  } finally {
    box.hidden = true;
    start.disabled = false;
  }
}

function show(job) {
  const progress = job.progress;
  bar.value = progress?.percent ?? 0;
  const name = progress && canSay(`stage_${progress.stage}`) ? say(`stage_${progress.stage}`) : say("stage_other");
  stage.textContent = say("job_says", { stage: name, percent: counted(progress?.percent ?? 0) });
}

function ended(job, promote) {
  if (job.state === "succeeded") {
    tell(status, say("job_succeeded"), "good");
    showResult(job, promote);
  } else {
    const detail = job.error ? ` \u2068${job.error}\u2069` : "";
    tell(status, say(`job_${job.state}`) + detail, "bad");
  }
}

async function told(act) {
  try {
    await act();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    tell(status, refusal.message, "bad");
  }
}
