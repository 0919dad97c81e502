// A training job as it goes on: as events, and by asking again where something between us lets no events through.

import { ask } from "./api.js";
import { root } from "./page.js";

const POLL_MS = 1500;
const SILENT_MS = 20_000;

/** The job after each change, until it has ended. Throws a Refusal. */
export async function* watched(id) {
  const path = `/v1/training-jobs/${id}`;
  for await (const job of events(`${root}${path}/events`)) {
    yield job;
    if (job.state !== "running") return;
  }
  for (;;) {
    const job = await ask("GET", path);
    yield job;
    if (job.state !== "running") return;
    await new Promise((later) => setTimeout(later, POLL_MS));
  }
}

/** The events as they come; ends when they break off or stay away. */
async function* events(address) {
  const stream = new EventSource(address);
  const come = [];
  let wake = () => {};
  stream.addEventListener("job", (event) => {
    come.push(JSON.parse(event.data));
    wake();
  });
  stream.onerror = () => {
    stream.close();
    wake();
  };
  try {
    for (;;) {
      while (come.length) yield come.shift();
      if (stream.readyState === EventSource.CLOSED) return;
      const silent = await new Promise((go) => {
        const timer = setTimeout(() => go(true), SILENT_MS);
        wake = () => {
          clearTimeout(timer);
          go(false);
        };
      });
      if (silent && !come.length) return;
    }
  } finally {
    stream.close();
  }
}
