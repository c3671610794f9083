// The labelling page: one frame at a time, each answer sent to `aurora label` at once.
// An answer counts when the server has said so; until then the frame stays and further answers are ignored.

const STRETCHES = [1, 2, 4]; // how much brighter the darkest parts become
const PRELOADED = 3; // unanswered frames whose pictures are fetched ahead
const TAP_MS = 350; // a look ends when its key is let go, unless the key was only tapped
const PATIENCE_MS = 15000; // a server that says nothing for so long counts as gone
const CONFLICT = 409; // the status where another tab was faster

const work = { state: null, questions: [], position: 0, stretch: 1, busy: false, look: null, kinds: sessionStorage.kinds === "on", retry: null };
const pictures = new Map(); // address: its <img>, kept so that it shows at once

const byId = (id) => document.getElementById(id);
const button = (name) => document.querySelector(`[data-do=${name}]`);
const current = () => work.questions[work.position];
const clock = (utc) => utc.slice(11, 19);
const condition = (name) => name.replace(" x ", " × ").replaceAll("_", " ");
const degrees = (angle) => `${angle.toFixed(1).replace("-", "−")}°`;
const say = (text) => (byId("message").textContent = text);

/** A new element with text in it, which is never read as HTML. */
function element(tag, text = "", properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, properties);
}

// ---- the server

/** What the server answers; throws an Error whose message is for the person who labels. */
async function ask(address, body) {
  const headers = { "Content-Type": "application/json" };
  const posted = body && { method: "POST", headers, body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const unheard = () => { throw new Error("is `aurora label` still running?"); };
  const response = await fetch(address, { ...posted, signal }).catch(unheard);
  const answer = await response.json().catch(unheard);
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status });
  return answer;
}

/** Run one action at a time, then `next`. Where it fails, a banner says `trouble` and why, and offers it again. */
async function attempt(trouble, action, next = () => {}) {
  if (work.busy) return;
  work.busy = true;
  byId("picture").classList.add("busy");
  const error = await action().then(() => null, (caught) => caught);
  work.busy = false;
  byId("picture").classList.remove("busy");
  byId("banner").hidden = !error;
  if (!error) return next();
  byId("trouble").textContent = `${trouble}; ${error.message}`;
  work.retry = () => attempt(trouble, action, next);
}

// ---- pictures

function picture(address) {
  if (!pictures.has(address)) {
    const image = new Image();
    image.addEventListener("error", () => pictures.delete(address)); // so that it is asked for again
    image.src = address;
    pictures.set(address, image);
  }
  return pictures.get(address);
}

/** The places of the unanswered frames, from the one after `position` round to it. */
function unansweredAfter(position) {
  const round = work.questions.map((_, step) => (position + 1 + step) % work.questions.length);
  return round.filter((place) => work.questions[place].answer === null);
}

/** Fetch what comes next, and forget what went by. */
function preload() {
  const ahead = unansweredAfter(work.position).slice(0, PRELOADED);
  const wanted = new Set([work.position, ...ahead].map((place) => work.questions[place].picture));
  for (const address of pictures.keys()) if (!wanted.has(address)) pictures.delete(address);
  wanted.forEach(picture);
}

/** Fill a filter of the page: v becomes f v / (1 + (f - 1) v); black and white stay, the darkest rise f-fold. */
function fillStretch(factor) {
  const levels = Array.from({ length: 256 }, (_, level) => level / 255);
  const table = levels.map((v) => ((factor * v) / (1 + (factor - 1) * v)).toFixed(4)).join(" ");
  for (const channel of document.querySelectorAll(`#stretch-${factor} feComponentTransfer > *`)) {
    channel.setAttribute("type", "table");
    channel.setAttribute("tableValues", table);
  }
}

// ---- what is shown

function showFrame(position) {
  work.position = position;
  preload();
  endLook();
  const { answered, total, can_undo: canUndo, nights, conditions } = work.state;
  byId("place").textContent = `frame ${position + 1} of ${total}, ${answered} answered`;
  Object.assign(byId("progress"), { value: answered, max: total });
  for (const choice of document.querySelectorAll("[data-answer]")) {
    choice.ariaPressed = choice.dataset.answer === current().answer;
  }
  showKinds();
  button("undo").disabled = !canUndo;
  showFacts(current());
  showShares("nights", nights);
  showShares("conditions", conditions);
}

function showKinds() {
  byId("kinds").hidden = !work.kinds;
  button("kinds").ariaPressed = work.kinds;
  for (const choice of document.querySelectorAll("[data-kind]")) {
    choice.ariaPressed = choice.dataset.value === current()?.[choice.dataset.kind];
  }
}

function showPicture(address, alt) {
  byId("picture").replaceChildren(Object.assign(picture(address), { alt }));
}

function showFacts(frame) {
  const facts = {
    UTC: `${frame.utc.slice(0, 10)} ${clock(frame.utc)}`,
    condition: condition(frame.condition),
    "sun altitude": degrees(frame.sun_altitude),
    "moon altitude": `${degrees(frame.moon_altitude)}, ${Math.round(100 * frame.moon_illumination)} % lit`,
    "your answer": frame.answer ?? "none yet",
  };
  const pairs = Object.entries(facts).flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
  byId("facts").replaceChildren(...pairs);
}

function showShares(id, groups) {
  const rows = groups.map(({ name, answered, total }) => {
    const row = element("li", condition(name));
    const bar = element("progress", "", { value: answered, max: total, ariaLabel: condition(name) });
    row.append(bar, element("span", `${answered} / ${total}`, { className: "share" }));
    return row;
  });
  byId(id).replaceChildren(...rows);
}

function showStretch() {
  byId("picture").dataset.stretch = work.stretch;
  byId("stretch").textContent = `brightness ${work.stretch === 1 ? "off" : `${work.stretch}×`}`;
}

function showEnd({ written, agreement }) {
  const { annotator, answered, total } = work.state;
  const counts = ["yes", "no", "unsure"].map((answer) => {
    const item = element("li", answer, { className: answer });
    item.prepend(element("b", work.questions.filter((frame) => frame.answer === answer).length));
    return item;
  });
  byId("verdict").textContent = `${answered < total ? `${answered} of` : "All"} ${total} frames answered`;
  byId("counts").replaceChildren(...counts);
  byId("written").textContent = `${written} labels of ${annotator} stand in`;
  byId("left").hidden = answered === total;
  byId("agreement").hidden = !agreement?.pairs.length;
  if (agreement) showAgreement(agreement);
  byId("work").hidden = true;
  byId("end").hidden = false;
}

/** A table with a column for each pair of annotators. */
function showAgreement({ pairs, unsure, kinds }) {
  const interval = ({ low, high }) => (low === null ? "" : ` (${low.toFixed(2)} to ${high.toFixed(2)})`);
  const apart = ({ first, second, first_only_yes: ofFirst, second_only_yes: ofSecond }) =>
    `${ofFirst + ofSecond} (yes only from ${first}: ${ofFirst}, only from ${second}: ${ofSecond})`;
  const measures = {
    annotators: (pair) => `${pair.first}, ${pair.second}`,
    frames: (pair) => pair.frames,
    "kappa (95 % interval)": (pair) => (pair.kappa === null ? "too few" : pair.kappa.toFixed(2) + interval(pair)),
    "raw agreement": (pair) => `${Math.round(100 * pair.agreement)} %`,
    "both yes": (pair) => pair.both_yes,
    "both no": (pair) => pair.both_no,
    disagreements: apart,
  };
  for (const [kind, compared] of Object.entries(kinds)) {
    measures[`kappa of ${kind}`] = (pair) => {
      const same = compared.find(({ first, second }) => first === pair.first && second === pair.second);
      return same ? `${same.kappa?.toFixed(2) ?? "too few"}${interval(same)}, ${same.frames} frames` : "";
    };
  }
  const rows = Object.entries(measures).map(([name, measure]) => {
    const row = element("tr");
    row.append(element("th", name, { scope: "row" }), ...pairs.map((pair) => element("td", measure(pair))));
    return row;
  });
  byId("pairs").replaceChildren(...rows);
  byId("unsure").textContent = unsure ? `Answers of unsure: ${unsure}; they count on neither side.` : "";
}

// ---- what a person does

function answer(value) {
  if (work.look) return endLook("back at the frame itself: now answer it");
  const frame = current();
  if (!picture(frame.picture).naturalWidth) return endLook("the picture is not there yet"); // nobody answers unseen
  const { frame_id: id, answer: before } = frame; // the server refuses to replace any other answer than `before`
  let isLast = false;
  attempt("not saved", async () => {
    try {
      work.state = await ask("/api/answers", { frame_id: id, answer: value, before });
    } catch (error) {
      if (error.status !== CONFLICT) throw error;
      await load();
      showFrame(work.position);
      return say(`not saved; ${error.message}`);
    }
    frame.answer = value;
    say(`${clock(frame.utc)}: ${value}`);
    const next = work.position + 1 < work.questions.length ? work.position + 1 : work.position;
    showFrame(unansweredAfter(work.position)[0] ?? (before ? next : work.position));
    isLast = !before && work.state.done;
  }, () => isLast && finish());
}

/** Name a kind of the frame, or take it off where it is named so already; the frame stays. */
function nameKind(kind, value) {
  if (!work.kinds) return;
  if (work.look) return endLook("back at the frame itself: now name it");
  const frame = current();
  if (!picture(frame.picture).naturalWidth) return endLook("the picture is not there yet");
  const { frame_id: id, [kind]: before } = frame;
  const wanted = value === before ? "" : value;
  attempt("not saved", async () => {
    try {
      work.state = await ask("/api/kinds", { frame_id: id, kind, value: wanted, before });
    } catch (error) {
      if (error.status !== CONFLICT) throw error;
      await load();
      showFrame(work.position);
      return say(`not saved; ${error.message}`);
    }
    frame[kind] = wanted;
    showFrame(work.position);
    say(`${clock(frame.utc)}: ${kind} ${wanted || "taken off"}`);
  });
}

function switchKinds() {
  work.kinds = !work.kinds;
  sessionStorage.kinds = work.kinds ? "on" : "off"; // for as long as this tab is open
  showKinds();
  say(work.kinds ? "name cloud and form, then answer yes or no" : "");
}

function finish() {
  attempt("not finished", async () => {
    const end = await ask("/api/finish", {});
    await load(); // a second tab may have answered some of the frames
    showEnd(end);
  });
}

function undo() {
  if (!work.state.can_undo) return say("there is no answer to take back");
  const { changes } = work.state; // so that neither trying again nor a second tab takes back another answer
  attempt("not undone", async () => {
    const { frame_id: undone } = await ask("/api/undo", { changes });
    await load(); // an earlier answer to the same frame counts again
    backToFrames(undone ? work.questions.findIndex((frame) => frame.frame_id === undone) : work.position);
    say(undone ? `${clock(current().utc)}: taken back` : "nothing was taken back: the answers changed meanwhile");
  });
}

function step(by) {
  const place = work.position + by;
  if (work.busy || !work.questions[place]) return;
  byId("banner").hidden = true;
  say("");
  showFrame(place);
}

function cycleStretch() {
  work.stretch = STRETCHES[(STRETCHES.indexOf(work.stretch) + 1) % STRETCHES.length];
  showStretch();
}

/** Show the frame before or after in place of this one; the same side again ends it. */
async function look(side) {
  if (work.look?.side === side) return endLook();
  endLook();
  const frame = current();
  const mine = (work.look = { side, since: performance.now() });
  const beside = await ask(`/api/neighbours/${frame.frame_id}`).catch((error) => error);
  if (work.look !== mine) return; // let go, or gone on, meanwhile
  if (beside instanceof Error) return endLook(beside.message);
  if (!beside[side]) return endLook(`there is no frame ${side}`);
  const { utc, picture: address } = beside[side];
  const minutes = Math.abs(Date.parse(utc) - Date.parse(frame.utc)) / 60000;
  byId("note").textContent = `${Number(minutes.toFixed(1))} min ${side}: ${clock(utc)}`;
  button(side).ariaPressed = true;
  showPicture(address, byId("note").textContent);
}

function endLook(text) {
  work.look = null;
  byId("note").textContent = "";
  for (const side of ["before", "after"]) button(side).ariaPressed = false;
  showPicture(current().picture, `All-sky frame of ${current().utc}`);
  if (text) say(text);
}

function backToFrames(position) {
  byId("end").hidden = true;
  byId("work").hidden = false;
  showFrame(position);
}

// ---- keys and buttons

const ACTIONS = {
  yes: () => answer("yes"), no: () => answer("no"), unsure: () => answer("unsure"),
  back: () => step(-1), on: () => step(1), before: () => look("before"), after: () => look("after"),
  undo, kinds: switchKinds, stretch: cycleStretch, finish, help: () => byId("card").showModal(),
  start: () => byId("card").close(), retry: () => work.retry(), return: () => backToFrames(work.position),
};
const KIND_BUTTONS = [...document.querySelectorAll("[data-kind]")]; // in the order of their keys, from 1 on
KIND_BUTTONS.forEach(({ dataset: { kind, value } }) => (ACTIONS[`${kind}=${value}`] = () => nameKind(kind, value)));
const KEYS = {
  ...Object.fromEntries(KIND_BUTTONS.map(({ dataset: { kind, value } }, place) => [place + 1, `${kind}=${value}`])),
  y: "yes", n: "no", u: "unsure", ArrowLeft: "back", ArrowRight: "on", ",": "before", ".": "after",
  Backspace: "undo", z: "undo", b: "stretch", k: "kinds", e: "finish", "?": "help",
};
const END_KEYS = { ArrowLeft: "return", Escape: "return", Backspace: "undo", z: "undo" };
const SILENT_KEYS = ["Tab", "Shift", "CapsLock", "AltGraph"]; // they close no card
const nameOf = ({ key }) => (key.length === 1 ? key.toLowerCase() : key);

function actionOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !work.questions.length) return undefined; // the browser's
  if (byId("card").open) return SILENT_KEYS.includes(event.key) ? undefined : "start";
  return (byId("end").hidden ? KEYS : END_KEYS)[nameOf(event)];
}

function onKeyDown(event) {
  const action = actionOf(event);
  const isHeldEnter = event.repeat && event.key === "Enter"; // it would press its button again and again
  if (action || isHeldEnter) event.preventDefault();
  if (action && (!event.repeat || action === "back" || action === "on")) ACTIONS[action]();
}

function onKeyUp(event) {
  const isHeld = work.look && performance.now() - work.look.since > TAP_MS;
  if (isHeld && KEYS[nameOf(event)] === work.look.side) endLook();
}

function onClick({ target }) {
  const { do: action, answer: value, kind, value: named } = target.closest("button")?.dataset ?? {};
  ACTIONS[action ?? value ?? `${kind}=${named}`]?.();
}

// ---- the start

async function load() {
  [work.state, work.questions] = await Promise.all([ask("/api/state"), ask("/api/questions")]);
}

/** Show what a second tab has answered while this one lay behind it, or in the browser's history. */
function refresh() {
  if (document.hidden || !work.questions.length || byId("work").hidden) return;
  attempt("not up to date", async () => {
    await load();
    showFrame(work.position);
  });
}

async function begin() {
  await load();
  const { annotator, simulated, recovered } = work.state;
  byId("who").textContent = `annotator ${annotator}${simulated ? "; simulated sky" : ""}`;
  byId("recovered").textContent = recovered ?? "";
  byId("recovered").hidden = !recovered;
  backToFrames(unansweredAfter(-1)[0] ?? 0);
}

function welcome() {
  const isOver = work.state.done && !work.state.is_correction;
  if (isOver) finish();
  if (!isOver || work.state.recovered) byId("card").showModal();
}

STRETCHES.slice(1).forEach(fillStretch);
showStretch();
document.addEventListener("keydown", onKeyDown);
document.addEventListener("keyup", onKeyUp);
document.addEventListener("click", onClick);
document.addEventListener("visibilitychange", refresh);
window.addEventListener("pageshow", ({ persisted }) => persisted && refresh());
byId("card").addEventListener("close", () => (byId("recovered").hidden = true));
attempt("nothing to show", begin, welcome);
