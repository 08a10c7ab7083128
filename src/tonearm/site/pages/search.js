"use strict";
/* Search: a field in the frame, reached with "/", and a page that follows what is typed into it. */
(() => {
  const { h, counted, section, quiet } = tonearm;
  const WAIT_MS = 150;

  const input = h("input", { type: "search", name: "q", placeholder: "Search  /", "aria-label": "Search artists, albums and tracks", autocomplete: "off", spellcheck: "false", maxlength: 200 });
  const field = document.getElementById("search");
  field.append(input);

  const look = () => {
    const address = tonearm.to("search", { q: input.value.trim() });
    if (tonearm.here().page !== "search") location.hash = address;
    else { history.replaceState(history.state, "", address); tonearm.redraw(); }
  };
  let waiting;
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, WAIT_MS); });
  field.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    look();
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });

  const part = (kind, title, rows) => rows.length > 0 && section(title, tonearm.ranking(kind, rows));

  const amounts = (found) => new Intl.ListFormat("en").format(
    [["artists", "artist"], ["albums", "album"], ["tracks", "track"]].filter(([kind]) => found[kind].length).map(([kind, one]) => counted(found[kind].length, one)));

  // The field says what the page is about, and nothing on other pages.
  const follow = () => {
    const { page, query } = tonearm.here();
    if (document.activeElement !== input || page !== "search") input.value = page === "search" ? query.get("q") ?? "" : "";
  };
  addEventListener("hashchange", follow);
  follow();

  tonearm.pages.search = {
    title: "Search",
    draw: async ({ query, signal }) => {
      const text = query.get("q") ?? "";
      if (!text.trim()) return [h("h1", {}, "Search"), quiet("Type a name above; a few letters will do.")];
      const found = await tonearm.document("search", { q: text }, { signal });
      const parts = [part("artists", "Artists", found.artists), part("albums", "Albums", found.albums), part("tracks", "Tracks", found.tracks)].filter(Boolean);
      return [
        h("h1", {}, `“${found.text}”`),
        parts.length > 0 && h("p.soft", { "data-live": true }, `The best matches: ${amounts(found)}.`),
        parts.length ? h("div.columns", {}, parts) : h("p.quiet", { "data-live": true }, "No name in this history is like it. Try fewer letters, or another spelling."),
      ];
    },
  };
})();
