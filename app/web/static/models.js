// The versions: put one in use, go back, and everything about training.

import { ask, Refusal } from "./api.js";
import { confirmed } from "./confirm.js";
import { tell } from "./dom.js";
import { say } from "./page.js";
import { offerTraining } from "./training.js";

const status = document.getElementById("models-status");

/** Put a version in use once it is confirmed; a worse one needs a reason. True if it serves now. */
export async function promoted(version) {
  if (!(await confirmed(say("promote_title"), say("promote_says", { version })))) return false;
  try {
    await ask("POST", `/v1/models/${version}/promote`, { json: {} });
    return true;
  } catch (refusal) {
    if (!(refusal instanceof Refusal) || refusal.kind !== "worse-version") throw refusal;
    const force = await confirmed(say("promote_force_title"), say("promote_worse"), { reason: true });
    if (!force) return false;
    await ask("POST", `/v1/models/${version}/promote`, { json: { force } });
    return true;
  }
}

/** Do something to the versions, then show them as they are; failures in words. */
export async function changing(act, line = status) {
  try {
    if (await act()) {
      sessionStorage.setItem("told", say("version_changed"));
      location.reload();
    }
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    tell(line, refusal.message, "bad");
  }
}

async function rolledBack() {
  if (!(await confirmed(say("roll_back"), say("roll_back_says")))) return false;
  await ask("POST", "/v1/models/rollback");
  return true;
}

const told = sessionStorage.getItem("told");
if (told) {
  sessionStorage.removeItem("told");
  tell(status, told, "good");
}
for (const promote of document.querySelectorAll("button.promote")) {
  promote.addEventListener("click", () => changing(() => promoted(promote.dataset.version)));
}
document.getElementById("roll-back")?.addEventListener("click", () => changing(rolledBack));
offerTraining((version, line) => changing(() => promoted(version), line));
document.documentElement.dataset.ready = "yes";
