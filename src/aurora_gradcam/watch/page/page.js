import { drawChart, drawKeogram, span, timeAt } from "./chart.js";

const get = (id) => document.getElementById(id);
let night = null;
let keogram = null;
let isHot = false;
let asked = 0;
let shown = null;
let isBusy = false;
let isStale = false;

const WORDS = {
  waiting: "Waiting for the first picture", asleep: "Asleep: the Sun is up", corrupt: "The last picture is damaged",
  blank: "The last picture is blank", no_sky: "The picture shows no night sky", no_circle: "No sky circle is known",
};

function clock(utc) { return utc ? `${utc.slice(11, 16)} UTC` : ""; }
function chance(p) {
  return p === null || p === undefined ? "–" : p > 0.9995 ? "> 0.999" : p < 0.0005 ? "< 0.001" : p.toFixed(3);
}
function degrees(value) { return value === null || value === undefined ? null : `${value.toFixed(1)}°`; }

function showNow(now) {
  const isYes = now.aurora === "yes";
  get("camera").textContent = now.camera;
  get("status").className = isYes ? "yes" : now.trouble === "yes" ? "trouble" : "";
  const verdict = isYes ? `Aurora since ${clock(now.since)}` : now.state === "watching" ? "No aurora" : WORDS[now.state];
  get("verdict").textContent = now.trouble === "yes" ? "No usable pictures" : verdict;
  const sky = now.state === "asleep" ? "" : [now.p_aurora === null ? "" : `P ${chance(now.p_aurora)}`, now.cloud,
    now.form && now.form !== "none" ? now.form : "", now.strength ? `${now.strength.toPrecision(2)} kR` : ""];
  get("detail").textContent = [...sky, now.reason].filter(Boolean).join(" · ");
  document.title = isYes ? "● Aurora!" : "Aurora tonight";
  get("taken").textContent = now.utc ? `last picture ${now.utc.replace("T", " ").replace("Z", " UTC")}` : "";
  const moon = now.moon_altitude === undefined ? null
    : `${degrees(now.moon_altitude)}, ${Math.round(100 * now.moon_illumination)} % lit`;
  const facts = [["P(aurora)", chance(now.p_aurora)], ["cloud", now.cloud], ["strength", now.strength ? `${now.strength.toPrecision(2)} kR` : null],
    ["Sun", degrees(now.sun_altitude)], ["Moon", moon], ["picture", now.source], ["state", now.state]];
  get("facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => {
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    text.textContent = value;
    return [term, text];
  }));
}

function showEvents(events) {
  get("no-events").hidden = events.length > 0;
  get("events").replaceChildren(...events.map((event) => {
    const item = document.createElement("li");
    const image = document.createElement("img");
    image.alt = "the best picture of the event";
    if (event.has_best) image.src = `/event/${event.name}/best.jpg?${event.best_utc}`;
    const text = document.createElement("div");
    const [first, second] = [document.createElement("p"), document.createElement("p")];
    first.textContent = event.ended ? `${event.began.slice(11, 16)} to ${clock(event.ended)}` : `since ${clock(event.began)}`;
    second.className = "quiet";
    second.textContent = `highest P ${chance(event.p_best)} at ${clock(event.best_utc)}`
      + (event.strength ? `, ${event.strength.toPrecision(2)} kR` : "");
    if (event.has_clip) {
      const link = document.createElement("a");
      link.href = `/event/${event.name}/clip.mp4`;
      link.textContent = "clip";
      second.append(" · ", link);
    }
    text.append(first, second);
    item.append(image, text);
    return item;
  }));
}

function showPicture() {
  if (!night.now.utc) return;
  const name = isHot ? "heat" : "latest";
  const number = ++asked;
  const image = new Image();
  get("picture").classList.toggle("busy", isHot);
  image.onload = () => {
    if (number !== asked) return;
    const picture = get("picture");
    picture.src = image.src;
    picture.hidden = false;
    get("none").hidden = true;
    picture.classList.remove("busy");
  };
  image.onerror = () => { if (number === asked) get("picture").classList.remove("busy"); };
  image.src = `/${name}.jpg?${night.version}`;
}

function redraw() {
  drawChart(get("chart"), night);
  drawKeogram(get("keogram"), night, keogram);
}

async function showKeogram() {
  const image = new Image();
  image.src = `/keogram.png?${night.version}`;
  try { await image.decode(); } catch { return; }
  keogram = image;
  redraw();
}

// Everything anew; calls while one is under way are answered by one more afterwards.
async function load() {
  if (isBusy) { isStale = true; return; }
  isBusy = true;
  try {
    do {
      isStale = false;
      const answer = await fetch("/api/night");
      if (!answer.ok) throw new Error((await answer.json()).detail ?? answer.status);
      night = await answer.json();
      showNow(night.now);
      showEvents(night.events);
      const hasCloud = night.rows.some((row) => row[3]);
      for (const entry of document.querySelectorAll("#legend .cloud")) entry.hidden = !hasCloud;
      const said = [night.simulated.sky && "simulated sky", night.simulated.model && "the classifier learnt from simulated skies"];
      get("simulated").textContent = said.filter(Boolean).join("; ");
      get("simulated").hidden = !get("simulated").textContent;
      redraw();
      if (night.rows.length) await showKeogram();
      if (shown !== night.now.utc) {
        shown = night.now.utc;
        showPicture();
      }
      get("banner").hidden = true;
    } while (isStale);
  } catch (error) {
    get("banner").textContent = `No answer from the watch: ${error.message}`;
    get("banner").hidden = false;
  } finally {
    isBusy = false;
  }
}

get("heat").addEventListener("click", () => {
  isHot = !isHot;
  get("heat").setAttribute("aria-pressed", String(isHot));
  if (night) showPicture();
});

function read(event) {
  const at = night && span(night.rows);
  if (!at) return;
  const box = get("chart").getBoundingClientRect();
  const time = timeAt(event.clientX - box.left, at, box.width);
  const row = night.rows.reduce((best, each) => (Math.abs(each[0] - time) < Math.abs(best[0] - time) ? each : best));
  const utc = new Date(row[0] * 1000).toISOString();
  get("reading").textContent = `${clock(utc)}: ${row[1] === null ? row[4] : `P ${chance(row[1])}`}${row[3] ? `, ${row[3]}` : ""}`;
}

for (const id of ["chart", "keogram"]) get(id).addEventListener("pointermove", read);
new ResizeObserver(() => { if (night) redraw(); }).observe(get("plot"));

const stream = new EventSource("/api/stream");
stream.onmessage = load;
stream.onerror = () => {
  get("banner").textContent = "The connection to the watch is lost; it is tried again.";
  get("banner").hidden = false;
};
