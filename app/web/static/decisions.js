// Saves decisions: what the service knows of a passage goes with each, so that nobody overwrites somebody unseen.

import { ask, newKey, Refusal } from "./api.js";

/** What the service last said about a passage and this reader's review of it. */
export class Known {
  constructor(passageId, passageRevision, review = null) {
    this.passageId = passageId;
    this.passageRevision = passageRevision;
    this.review = review;
    this.attempt = null;
  }

  /** Save a decision; the same key goes with it until the service answers. Throws a Refusal. */
  async save(topics) {
    const own = this.review && !this.review.withdrawn ? this.review : null;
    if (this.attempt?.topics !== topics.join()) this.attempt = { topics: topics.join(), key: newKey() };
    const { key } = this.attempt;
    const request = own
      ? ask("PUT", `/v1/reviews/${own.id}`, { key, json: { topics, revision: own.revision } })
      : ask("POST", "/v1/reviews", { key, json: { passage_id: this.passageId, topics, revision: this.passageRevision } });
    return this.answered(request);
  }

  /** Take the latest step back. Throws a Refusal. */
  async undo() {
    const json = { revision: this.review.revision };
    return this.answered(ask("POST", `/v1/reviews/${this.review.id}/undo`, { json, key: newKey() }));
  }

  /** Ask what others decided meanwhile, and take over the present revisions. Throws a Refusal. */
  async others(reader) {
    const path = `/v1/reviews?passage_id=${encodeURIComponent(this.passageId)}`;
    const { reviews } = await ask("GET", path);
    this.review = reviews.find((review) => review.reviewer === reader) ?? null;
    if (reviews.length) this.passageRevision = reviews[0].passage_revision;
    return reviews.filter((review) => review.reviewer !== reader);
  }

  async answered(request) {
    try {
      this.review = await request;
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status) this.attempt = null;
      throw refusal;
    }
    this.attempt = null;
    this.passageRevision = this.review.passage_revision;
    return this.review;
  }
}
