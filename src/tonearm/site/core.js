"use strict";
/* The one global: elements, words, addresses and documents. Every other file adds to it. */
const tonearm = {
  /** Pages by the first part of their address: {title, nav, draw(at, main)}. */
  pages: {},
  /** Whose history is shown; "" until it is known. */
  listener: "",
  /** Everybody whose history the reader may see. */
  listeners: [],
};

/* ---- Elements. Text is only ever set as text, so no name can become markup. */

/** An element: h("a.big", {href}, "text", child…); null children are left out, arrays are spread. */
tonearm.h = (kind, attributes = {}, ...children) => {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.entries(value).forEach(([key, of]) => made.style.setProperty(key, of));
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return made;
};

/* ---- Words: numbers and dates as the reader's browser writes them. */

tonearm.count = (n) => new Intl.NumberFormat().format(n);
/** "Thursday evening" of "thursday evening". */
tonearm.capital = (text) => text[0].toUpperCase() + text.slice(1);
/** "8 %", "2.5 %" of a share from 0 to 1: whole percents from ten on, and tenths below; `digits` has as many everywhere. */
tonearm.percent = (share, digits = share < 0.0995 ? 1 : 0) => {
  const written = (value) => `${new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value)}\u00a0%`;
  return digits && share > 0 && share < 0.001 ? `less than ${written(0.1)}` : written(100 * share);
};
tonearm.counted = (n, one, many = one + "s") => `${tonearm.count(n)} ${n === 1 ? one : many}`;

/** A local day "2020-02-29" at noon UTC, so that no zone moves it to another day. */
tonearm.dayOf = (text) => new Date(text.slice(0, 10) + "T12:00:00Z");
const written = (options) => {
  const format = new Intl.DateTimeFormat(undefined, { timeZone: "UTC", ...options });
  return (day) => format.format(day instanceof Date ? day : tonearm.dayOf(day));
};
tonearm.date = written({ day: "numeric", month: "long", year: "numeric" });
tonearm.shortDate = written({ day: "numeric", month: "short", year: "numeric" });
tonearm.dayAndMonth = written({ day: "numeric", month: "long" });
tonearm.month = written({ month: "long", year: "numeric" });
tonearm.fullDate = written({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
tonearm.weekday = written({ weekday: "long" });
tonearm.shortWeekday = written({ weekday: "short" });
tonearm.shortMonthOfYear = written({ month: "short" });
/** A day to write a weekday of, 0 for Monday, or a month of the year, 1 to 12: the year 2024 begins with a Monday. */
tonearm.dayOfWeek = (n) => new Date(Date.UTC(2024, 0, 1 + n));
tonearm.dayOfMonth = (n) => new Date(Date.UTC(2024, n - 1, 1));
const monthOfYear = written({ month: "long" });
const hourly = written({ hour: "numeric" });
/** "10 PM" or "22" of an hour, 0 to 24. */
tonearm.hour = (hour) => hourly(new Date(Date.UTC(2024, 0, 1, hour % 24)));
tonearm.year = (day) => String(day).slice(0, 4);
/** "12:34" of a local instant "2020-02-29T12:34:56". */
const minutely = written({ hour: "numeric", minute: "2-digit" });
tonearm.clock = (at) => minutely(new Date(at.replace(/(Z|[+-]\d\d:?\d\d)?$/, "Z")));
/** "13:00" or "1:00 PM" of an hour, 0 to 24. */
tonearm.oClock = (hour) => minutely(new Date(Date.UTC(2024, 0, 1, hour % 24)));
/** Seconds as "3 h 12 min" or "12 min"; null where they are not known. */
tonearm.duration = (seconds) => {
  if (seconds == null) return null;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${tonearm.count(hours)} h ${minutes % 60} min` : `${minutes} min`;
};
/** A number of days as a person would give it: "45 days", "7 months", "2.5 years". */
tonearm.span = (days) => {
  if (days < 60) return tonearm.counted(Math.round(days), "day");
  return days < 730 ? tonearm.counted(Math.round(days / 30.44), "month") : tonearm.counted(Math.round(days / 36.525) / 10, "year");
};

/* ---- Addresses. Everything that a page shows is in it: "#/charts/artists?range=2019". */

/** Where the reader is: {page, parts, query}. */
tonearm.here = () => {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { page: parts[0] || "home", parts: parts.slice(1), query: new URLSearchParams(query) };
};

/** An address from its parts and query; empty values are left out. */
tonearm.to = (parts, query = {}) => {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value != null && value !== ""));
  const text = asked.toString();
  return "#/" + [].concat(parts).map(encodeURIComponent).join("/") + (text ? "?" + text : "");
};

tonearm.link = {
  /** Plain text where nobody of that name was heard, as on a compilation. */
  artist: (row, text = row.artist) => tonearm.h(...(row.artist_id == null ? ["span", {}] : ["a", { href: tonearm.to(["artist", row.artist_id]) }]), text ?? "Unknown artist"),
  track: (row, text = row.track) => tonearm.h("a", { href: tonearm.to(["track", row.track_id]) }, text ?? "Unknown track"),
  album: (row, text = row.album) => tonearm.h("a", { href: tonearm.to(["album", row.album_artist_id ?? row.artist_id, row.album]) }, text),
  genre: (name) => tonearm.h("a", { href: tonearm.to(["genre", name]) }, name),
  /** `at` is the instant of any listen of the session. */
  session: (at, text) => tonearm.h("a", { href: tonearm.to(["session", at.replace("+00:00", "Z")]) }, text),
  day: (day, text = tonearm.date(day)) => tonearm.h("a", { href: tonearm.to(["day", day.slice(0, 10)]) }, text),
};

/* ---- Sentences of documents, whose `NAME_parts` have the dates, numbers and names as values. */

const numbered = ({ number, digits = 0, is_signed: isSigned }) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: isSigned ? "always" : "auto" }).format(number);
const KINDS = {
  day: (part) => tonearm.date(part.day),
  month: (part) => tonearm.month(part.month + "-01"),
  month_of_year: (part) => monthOfYear(tonearm.dayOfMonth(part.month_of_year)),
  weekday: (part) => tonearm.weekday(tonearm.dayOfWeek(part.weekday)),
  hour: (part) => tonearm.oClock(part.hour),
  number: numbered,
};
const asText = (part) => {
  const kind = typeof part === "string" ? null : Object.keys(KINDS).find((name) => name in part);
  return kind ? KINDS[kind](part) : part.text ?? part;
};
const LINKED = { day: (part, text) => tonearm.link.day(part.day, text), artist_id: (part, text) => tonearm.link.artist(part, text), track_id: (part, text) => tonearm.link.track(part, text) };

/** The sentence `name` of a row as text, written by the reader's locale. */
tonearm.text = (row, name = "text") => (row[`${name}_parts`] ?? [row[name] ?? ""]).map(asText).join("");
/** The same as what an element takes, with links to the days, artists and tracks in it. */
tonearm.sentence = (row, name = "text") => (row[`${name}_parts`] ?? [row[name] ?? ""]).map((part) => {
  const kind = typeof part === "string" ? null : Object.keys(LINKED).find((of) => of in part);
  return kind ? LINKED[kind](part, asText(part)) : asText(part);
});

/* ---- Documents: from the API, or from the file beside an exported page. */

/** A text that this browser keeps; a private window keeps none. */
const kept = (name) => ({
  get: () => { try { return localStorage.getItem(name); } catch { return null; } },
  set: (text) => { try { localStorage.setItem(name, text); } catch { /* As above. */ } },
  forget: () => { try { localStorage.removeItem(name); } catch { /* As above. */ } },
});
tonearm.token = kept("tonearm-token");
/** Whose history was chosen last. */
tonearm.chosen = kept("tonearm-listener");
/** The names of everybody at the last visit, as JSON. */
tonearm.known = kept("tonearm-listeners");

class Problem extends Error {
  constructor(status, error, detail) {
    super(detail);
    Object.assign(this, { status, error });
  }
}
tonearm.Problem = Problem;

/** What the API answers to a request, as JSON; throws a Problem with a sentence for the reader. */
tonearm.api = async (path, options = {}) => {
  if (tonearm.exported) return tonearm.fromFiles(path);
  const token = tonearm.token.get();
  const headers = { ...(token && { Authorization: "Token " + token }), ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "NotReached", "tonearm does not answer. Is it running? Start it with: tonearm up");
  }
  if (answer.status === 204) return null;
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  const text = await answer.text();
  // Ids of 63 bits have more digits than numbers here, so that they become text.
  const body = isJson ? JSON.parse(text.replace(/("\w*_id":)(-?\d{16,})/g, '$1"$2"')) : text;
  if (!answer.ok) throw new Problem(answer.status, body.error ?? "", body.detail ?? String(body).slice(0, 300));
  return body;
};

/** The path of a document about the listener who is shown. */
tonearm.path = (name, query = {}) => {
  // A website of one's own has no covers.
  const covers = tonearm.exported ? null : true;
  const asked = new URLSearchParams(Object.entries({ listener: tonearm.listener, covers, ...query }).filter(([, value]) => value != null && value !== ""));
  return `documents/${name}?${asked}`;
};
tonearm.document = (name, query, options) => tonearm.api(tonearm.path(name, query), options);
