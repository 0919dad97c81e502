// Asks the service, and turns every failure into a sentence that says what to do.

import { canSay, root, say } from "./page.js";

const token = document.querySelector('meta[name="csrf-token"]').content;

/** Why the service didn't do something: `kind` is the problem's, "network" if nobody answered. */
export class Refusal extends Error {
  constructor(kind, status, detail) {
    super(sentenceOf(kind, status, detail));
    this.kind = kind;
    this.status = status;
    this.detail = detail;
  }
}

/** The JSON of an answer. `options`: json or body and type, key (idempotency), signal. Throws a Refusal. */
export async function ask(method, path, options = {}) {
  const answer = await send(method, path, options);
  const text = await answer.text();
  return text ? JSON.parse(text) : null;
}

/** An answer that isn't an error. Throws a Refusal. */
export async function send(method, path, { json, body, type, key, headers: more, allow = [] } = {}) {
  const headers = { "X-CSRF-Token": token, ...more };
  if (json !== undefined) {
    body = JSON.stringify(json);
    type = "application/json";
  }
  if (type) headers["Content-Type"] = type;
  if (key) headers["Idempotency-Key"] = key;
  let answer;
  try {
    answer = await fetch(root + path, { method, headers, body, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Refusal("network", 0, "");
  }
  if (answer.ok || allow.includes(answer.status)) return answer;
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    // An answer of something between us and the service.
  }
  throw new Refusal(String(problem.type ?? "").split(":").pop() || "other", answer.status, problem.detail ?? "");
}

/** The token of this page's session, for plain forms. */
export function formToken() {
  return token;
}

/** A new idempotency key; crypto.randomUUID isn't there on plain http. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
}

function sentenceOf(kind, status, detail) {
  if (canSay(`problem_${kind}`)) return say(`problem_${kind}`);
  return say("problem_other", { status, detail: `\u2068${detail}\u2069` });
}
