// Puts the texts of a CSV or a plain text into the queue.

import { ask, Refusal } from "./api.js";
import { element, tell } from "./dom.js";
import { textOfFile } from "./files.js";
import { counted, mostBytes, say } from "./page.js";

const picker = document.getElementById("queue-file");
const status = document.getElementById("upload-status");
const faults = document.getElementById("upload-faults");

/** Upload each file that is chosen; `done` is called after each that was taken. */
export function acceptUploads(done) {
  picker.addEventListener("change", async () => {
    const [file] = picker.files;
    if (!file) return;
    tell(status, say("uploading"));
    faults.replaceChildren();
    try {
      const answers = /\.csv$/i.test(file.name) || file.type === "text/csv" ? [await uploadCsv(file)] : await uploadText(file);
      show(answers);
      await done();
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      tell(status, refusal.message, "bad");
    } finally {
      picker.value = "";
    }
  });
}

function uploadCsv(file) {
  return ask("POST", "/v1/queue", { body: file, type: "text/csv" });
}

/** Send a text in parts that fit into a request each; passages end with a line, so that parts cut none in two. */
async function uploadText(file) {
  const answers = [];
  for (const text of partsOf(await textOfFile(file), mostBytes / 6)) {
    answers.push(await ask("POST", "/v1/queue", { json: { texts: [{ text, source: file.name.slice(0, 500) }] } }));
  }
  return answers;
}

function partsOf(text, most) {
  const parts = [""];
  for (const line of text.split("\n")) {
    if (parts.at(-1).length + line.length > most) parts.push("");
    parts[parts.length - 1] += `${line}\n`;
  }
  return parts.filter((part) => part.trim());
}

function show(answers) {
  const sum = (name) => counted(answers.reduce((total, answer) => total + answer[name], 0));
  tell(status, say("uploaded", { added: sum("added"), known: sum("known"), refused: sum("refused") }), "good");
  const errors = answers.flatMap((answer) => answer.errors).slice(0, 20);
  faults.replaceChildren(
    ...errors.map((fault) =>
      element("li", {}, say("row_fault", { line: counted(fault.line) }), " ", element("bdi", { lang: "en" }, `${fault.column} ${fault.reason}`)),
    ),
  );
}
