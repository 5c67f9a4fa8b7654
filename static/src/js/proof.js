/* Solves the task that a booking form carries while its person fills the form in, and puts the answer into the form.
 *
 * The same file is the page's script and its worker: the calculation never makes the page wait, and the browser fetches
 * one file. Nothing is sent but the answer, in the form. Where it cannot run, what the page says already stands: the form
 * is taken without it and confirmed by mail.
 */
import { solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";

const LONGEST = 60_000; // milliseconds; after that the form goes without

/** In the worker: answers each task with its solution, or with null. */
function work() {
  globalThis.onmessage = async ({ data: challenge }) => {
    globalThis.postMessage(await solveChallenge({ challenge, deriveKey, timeout: LONGEST }));
  };
}

/** On the page: lets a worker solve the task, and holds the form back should it be sent meanwhile. */
function prove(place) {
  const words = place.dataset;
  const status = place.querySelector("[role=status]");
  const answer = place.querySelector("[name=proof]");
  const without = status.textContent;
  const challenge = JSON.parse(atob(words.challenge));
  const worker = new Worker(import.meta.url, { type: "module" });
  let isSettled = false;
  let held; // the button that was pressed too early

  const say = (sentence) => { status.textContent = sentence; };
  const settle = (sentence) => {
    isSettled = true;
    worker.terminate();
    say(sentence);
    if (held !== undefined) answer.form.requestSubmit(held);
  };
  worker.onmessage = ({ data: solution }) => {
    if (solution) answer.value = btoa(JSON.stringify({ challenge, solution }));
    settle(solution ? words.done : without);
  };
  worker.onerror = () => settle(without);
  answer.form.addEventListener("submit", (event) => {
    if (isSettled || ["show", "without_proof"].includes(event.submitter?.name)) return;
    event.preventDefault();
    held = event.submitter;
    say(words.sending);
  });
  say(words.working);
  worker.postMessage(challenge);
}

if (globalThis.document === undefined) work();
else if (globalThis.crypto?.subtle && globalThis.Worker) document.querySelectorAll("[data-challenge]").forEach(prove);
