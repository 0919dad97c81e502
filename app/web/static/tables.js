// An article's tags as a table: to the clipboard, as CSV for spreadsheets, as exact JSON.

import { element } from "./dom.js";
import { say, topicOf } from "./page.js";

const FORMULA = /^[\s\u00a0]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A cell that no spreadsheet takes for a formula. */
export function neutral(cell) {
  const text = String(cell);
  return FORMULA.test(text) ? `'${text}` : text;
}

function rowsOf(passages) {
  const head = [
    say("column_start"),
    say("column_end"),
    say("column_text"),
    say("column_topics"),
    say("column_scores"),
    say("column_decision"),
  ];
  const rows = passages.map((passage) => [
    passage.start,
    passage.end,
    passage.text,
    passage.found.map((id) => topicOf(id).name).join(" | "),
    passage.found.map((id) => passage.scores[id].toFixed(3)).join(" | "),
    passage.decided ? passage.topics.map((id) => topicOf(id).name).join(" | ") || say("no_topic_chosen") : "",
  ]);
  return [head, ...rows];
}

/** Copy the passages as a table, for documents and for spreadsheets. */
export async function copyTable(passages) {
  const rows = rowsOf(passages);
  const plain = rows.map((row) => row.map((cell) => neutral(cell).replace(/[\t\n\r]+/g, " ")).join("\t")).join("\n");
  const table = element("table", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, neutral(cell))))));
  if (navigator.clipboard && window.ClipboardItem) {
    const kinds = { "text/plain": plain, "text/html": table.outerHTML };
    const item = Object.entries(kinds).map(([type, text]) => [type, new Blob([text], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(item))]);
    return;
  }
  // Away from this machine and without TLS browsers give pages no clipboard.
  const box = element("textarea", { class: "hidden", "aria-hidden": "true" });
  box.value = plain;
  document.body.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  if (!copied) throw new Error("copying refused");
}

/** Save the passages as a CSV for spreadsheets. */
export function saveCsv(passages) {
  const cell = (value) => `"${neutral(value).replaceAll('"', '""')}"`;
  const lines = rowsOf(passages).map((row) => row.map(cell).join(","));
  save("tags.csv", "text/csv", `\ufeff${lines.join("\r\n")}\r\n`);
}

/** Save the passages exactly, with ids, as JSON. */
export function saveJson(passages, version) {
  const list = passages.map(({ start, end, text, found, scores, decided, topics }) => ({
    start,
    end,
    text,
    topics: found.map((id) => ({ id, score: scores[id] })),
    decision: decided ? topics : null,
  }));
  save("tags.json", "application/json", `${JSON.stringify({ model: version, passages: list }, null, 1)}\n`);
}

function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
