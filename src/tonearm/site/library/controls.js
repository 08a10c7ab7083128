"use strict";
/* What the library's parts are made of: buttons that ask the server for something, forms, tables, and what they answer. */
(() => {
  const { h, api, count, quiet } = tonearm;
  const { DOES } = tonearm.library;

  const send = (method, path, body) => api(path, { method, ...(body !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }) });
  const segment = encodeURIComponent;
  /** What `path` answers, or the problem where this reader has no right to it. */
  const allowed = (path, signal) => api(path, { signal }).catch((error) => {
    if (error.status === 403) return error;
    throw error;
  });
  const isProblem = (found) => found instanceof tonearm.Problem;
  const noRight = (what) => quiet(`Your token may read, but not ${what}. Whoever runs this server can make one that may: `, h("code", {}, "tonearm tokens create --listener NAME --scope admin"));

  /** A place for news about what was asked for; screen readers hear it. */
  const newsPlace = () => h("div.news", { role: "status" });
  const tell = (place, kind, ...words) => place.replaceChildren(h(`p.notice${kind ? "." + kind : ""}`, {}, words));
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

  /** Who is writing, in words. */
  const writer = async () => {
    const found = await allowed("runs?limit=0").catch(() => null);
    if (!found || isProblem(found)) return null;
    const [mine] = found.under_way.filter((one) => one.task !== "look");
    const who = mine ? `${DOES[mine.task].toLowerCase()} (since ${new Date(mine.started_at).toLocaleTimeString()})` : found.jobs.length ? `the scheduled job ${found.jobs[0]}` : found.is_writing ? "another tonearm on this home, such as a command in a terminal" : null;
    return { isFree: !found.is_writing, who };
  };

  /** Do `work` and keep the reader posted in `place`; where something else writes, wait for it and try again. */
  const doing = async (place, words, work) => {
    const began = Date.now();
    let text = words;
    const show = () => tell(place, "busy", text, " ", h("span.soft", {}, clock((Date.now() - began) / 1000)));
    // The clock is not read out each second.
    place.setAttribute("aria-busy", "true");
    show();
    const ticking = setInterval(show, 1000);
    try {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (error.error !== "HomeBusy") throw error;
          do {
            const found = await writer();
            text = `Waiting, since something else is writing: ${found?.who ?? "another tonearm"}. It goes on by itself.`;
            show();
            if (!found || found.isFree) break;
            await sleep(2000);
          } while (place.isConnected);
          if (!place.isConnected) throw error;
          await sleep(1000);
          text = words;
        }
      }
    } finally {
      clearInterval(ticking);
      place.removeAttribute("aria-busy");
    }
  };

  /** A button that asks the server for something once, with its news beneath. */
  const action = (label, words, work, { kind = "", place = newsPlace(), after = () => tonearm.redraw() } = {}) => {
    const button = h(`button${kind}`, { type: "button", onclick: async () => {
      // Not `disabled`, which would take the focus away from whoever pressed it.
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true");
      try {
        const found = await doing(place, words, work);
        await after(found, place);
      } catch (error) {
        tell(place, "bad", error.message);
      } finally {
        button.removeAttribute("aria-disabled");
        // Where the button went with what it was for, the keyboard goes on at the top of the page.
        if (!button.isConnected && document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
      }
    } }, label);
    return { button, place };
  };
  const withNews = ({ button, place }) => h("div.doing", {}, button, place);

  /** A button for what cannot be taken back: it asks first, in place, and the safe answer has the focus. */
  const careful = (label, ask, yes, words, work, options) => {
    const place = newsPlace();
    const holder = h("div.doing", {});
    const opener = h("button", { type: "button", onclick: () => {
      const { button } = action(yes, words, work, { kind: ".danger", place, ...options });
      const no = h("button", { type: "button", onclick: () => { holder.replaceChildren(opener, place); opener.focus(); } }, "Keep it");
      const both = h("div.row", { role: "group", "aria-label": ask }, h("p", {}, ask), no, button);
      both.addEventListener("keydown", (event) => { if (event.key === "Escape") no.click(); });
      holder.replaceChildren(both, place);
      no.focus();
    } }, label);
    holder.append(opener, place);
    return holder;
  };

  const field = (label, control, hint) => h("label.field", {}, h("span", {}, label), control, hint && h("small", {}, hint));
  const command = (text) => {
    const copy = h("button", { type: "button", onclick: async () => {
      try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; } catch { copy.textContent = "Select it to copy"; }
    } }, "Copy");
    return h("div.command", {}, h("code", {}, text), copy);
  };
  const facts = (rows) => h("dl.facts", {}, rows.filter(Boolean).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
  const state = (kind, text) => h(`span.state.${kind}`, {}, text);
  /** A table, whose rows stand as blocks on a narrow screen; the roles keep it a table there. */
  const table = (caption, heads, rows) => h("div.scroll.stacked", { tabindex: 0, role: "region", "aria-label": caption }, h("table", { role: "table" },
    h("caption.unseen", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((head) => h("th", { scope: "col", role: "columnheader" }, head)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, row.map((cell, i) => h("td", { role: "cell", "data-head": heads[i] || null }, cell)))))));
  /** A word of a command as a shell takes it. */
  const quoted = (word) => (/^[\w.@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const address = () => location.origin;
  const people = async (signal) => (await api("listeners", { signal })).map((one) => one.name);

  const zoneList = () => {
    if (document.getElementById("zones")) return null;
    const list = h("datalist", { id: "zones" });
    const names = Intl.supportedValuesOf?.("timeZone") ?? [];
    list.append(...names.map((name) => h("option", { value: name })));
    document.body.append(list);
    return null;
  };

  const pages = (parts, first, step, total, query = {}) => total > step && h("nav.row", { "aria-label": "Pages of this list" },
    first > 0 && h("a", { href: tonearm.to(parts, { ...query, from: Math.max(0, first - step) || "" }) }, "Newer"),
    h("span.soft", {}, `${count(first + 1)} to ${count(Math.min(total, first + step))} of ${count(total)}`),
    first + step < total && h("a", { href: tonearm.to(parts, { ...query, from: first + step }) }, "Older"));

  Object.assign(tonearm.library, {
    action, address, allowed, careful, clock, command, doing, facts, field, isProblem, newsPlace, noRight, pages, people, quoted, segment,
    send, state, table, tell, withNews, zoneList,
  });
})();
