// Lets the service slice, tag and render a text.

import { formToken, send } from "./api.js";

/** The section with the result, or with what is wrong, as the service's page has it. Throws a Refusal. */
export async function taggedSection(text, segment = "paragraph") {
  const body = new URLSearchParams({ text, segment, csrf: formToken() });
  const answer = await send("POST", "/read", { body, allow: [422, 503] });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const section = page.querySelector("#result");
  return document.importNode(section, true);
}
