"use strict";
/* Players that send plays, and their tokens. */
(() => {
  const { h, count, section, quiet, question } = tonearm;
  const {
    address, allowed, careful, command, field, isProblem, newsPlace, noRight, people, quoted, relative, send, state, table, tell, when,
  } = tonearm.library;

  const SCOPES = { submit: "send plays", read: "read", admin: "everything" };
  const PLAYERS = (at) => [
    ["Pano Scrobbler", "Add account, ListenBrainz-like", `${at}/1/`],
    ["Web Scrobbler", "Options, Accounts, ListenBrainz, custom address", `${at}/1/submit-listens`],
    ["Navidrome", "ND_LISTENBRAINZ_BASEURL, then each user's settings", `${at}/1/`],
    ["Jellyfin", "ListenBrainz plugin, without /1", at],
    ["multi-scrobbler", "LZ_URL", `${at}/`],
    ["listenbrainz-mpd", "config.toml, api_url", at],
    ["rescrobbled", "config.toml, [[listenbrainz]] url", at],
    ["Last.fm-compatible (GNU FM, Libre.fm)", "name and scrobble password", `${at}/2.0/`],
  ];

  async function tokens({ signal }) {
    const [found, names] = await Promise.all([allowed("tokens", signal), people(signal)]);
    const players = section("Point a player at tonearm",
      h("p.soft", {}, "Give it this address and a token. Every play is on disk before it is acknowledged."),
      table("Players and what to enter", ["Player", "Where", "Address"], PLAYERS(address()).map(([player, where, url]) => [player, where, h("code", {}, url)])),
      quiet("Players that speak Last.fm need a scrobble password instead: ", h("code", {}, `tonearm listeners scrobble-password ${tonearm.listener ? quoted(tonearm.listener) : "NAME"}`)));
    if (isProblem(found)) return [noRight("see or make tokens"), players];
    const good = found.filter((one) => !one.revoked_at && !isOver(one));
    const old = found.filter((one) => !good.includes(one));
    return [
      making(names),
      section("Tokens", good.length ? h("ul.line", {}, good.map(token)) : quiet("There are none yet.")),
      old.length > 0 && question(`Revoked and expired: ${count(old.length)}`, h("ul.line", {}, old.map((one) => h("li", {}, h("b", {}, one.name || `Token ${one.number}`), h("span.soft", {}, one.listener), state("off", one.revoked_at ? "revoked" : "expired"), when(one.revoked_at ?? one.expires_at))))),
      players,
    ];
  }
  const isOver = (one) => one.expires_at && new Date(one.expires_at) <= Date.now();

  const token = (one) => h("li.entry", {},
    h("b", {}, one.name || `Token ${one.number}`), h("span.soft", {}, h("code", {}, `${one.hint}…`), ` of ${one.listener}, may ${one.scopes.map((scope) => SCOPES[scope]).join(" and ")}`),
    h("span.soft", {}, one.used_at ? ["last used ", relative(one.used_at)] : "never used", one.expires_at && [" · until ", when(one.expires_at)]),
    careful("Revoke", `Revoke ${one.name || `token ${one.number}`}? A player that uses it can no longer send plays.`, "Revoke", "Revoking.", () => send("DELETE", `tokens/${one.number}`)));

  const making = (names) => {
    if (!names.length) return section("A new token", quiet("A token belongs to somebody: import a history first, or ", h("code", {}, "tonearm listeners add NAME")));
    const who = h("select", {}, names.map((name) => h("option", { value: name, selected: name === tonearm.listener }, name)));
    const name = h("input", { maxlength: 64, placeholder: "phone", autocomplete: "off" });
    const days = h("select", {}, [["", "for ever"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]].map(([value, text]) => h("option", { value }, text)));
    const boxes = Object.entries({ submit: "Send plays", read: "Read your history", admin: "Everything, for the whole household" }).map(([scope, text]) => h("label.box", {}, h("input", { type: "checkbox", value: scope, checked: scope !== "admin" }), text));
    const place = newsPlace();
    const form = h("form.choosing", { onsubmit: async (event) => {
      event.preventDefault();
      const scopes = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value);
      if (!scopes.length) return tell(place, "bad", "Choose what it may do.");
      try {
        const made = await send("POST", "tokens", { listener: who.value, scopes, name: name.value.trim(), ...(days.value && { days: Number(days.value) }) });
        place.replaceChildren(h("div.notice.good", {}, h("p", {}, h("b", {}, "Copy it now: it is shown this once."), " Only its hash is kept."), command(made.secret), h("button", { type: "button", onclick: () => tonearm.redraw() }, "I have it")));
      } catch (error) {
        tell(place, "bad", error.message);
      }
    } },
    h("div.row", {}, field("Whose", who), field("What for", name), field("Valid", days)),
    h("fieldset", {}, h("legend", {}, "It may"), boxes),
    h("button.main", {}, "Make a token"));
    return section("A new token", form, place);
  };

  Object.assign(tonearm.library, { tokens });
})();
