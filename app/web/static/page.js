// What every page knows: its language and words, the model's topics, who reads.

const body = document.body.dataset;

export const language = document.documentElement.lang;
export const root = body.root;
export const mayReview = body.mayReview === "yes";
export const mostBytes = Number(body.mostBytes);

const words = await (await fetch(new URL(`words.${language}.json`, import.meta.url))).json();

/** The sentence of a key, with values in place of {name}. */
export function say(key, values = {}) {
  const sentence = words[key];
  if (sentence === undefined) throw new Error(`no words for ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Whether there are words for a key. */
export function canSay(key) {
  return Object.hasOwn(words, key);
}

/** The model's topics by id, in order: {id, name, style, key, group}. */
export const topics = new Map(
  [...document.querySelectorAll("#topic-list > li")].map((item) => [item.dataset.id, { ...item.dataset }]),
);

/** A topic; one that the page doesn't know goes by its id. */
export function topicOf(id) {
  return topics.get(id) ?? { id, name: id, style: "topic-other-0", key: "", group: "" };
}

// Latin digits in both languages, as on the keys and in versions.
const locale = language === "ar" ? "ar-u-nu-latn" : "en-GB";
const whole = new Intl.NumberFormat(locale, { useGrouping: true });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

/** A number as a reader writes it. */
export function counted(number) {
  return whole.format(number);
}

/** A time in ISO 8601 by the reader's clock. */
export function timeOf(iso) {
  return moment.format(new Date(iso));
}

/** Topics as one line of names; words for none. */
export function namesOf(ids) {
  return ids.length ? ids.map((id) => topicOf(id).name).join(say("list_comma")) : say("no_topic_chosen");
}
