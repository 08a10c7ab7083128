"use strict";
/* Names and numbers of the library, in words. */
(() => {
  const { h, counted } = tonearm;

  const SOURCES = {
    spotify_account: "Spotify account data", spotify_extended: "Spotify extended history", spotify_api: "Spotify", lastfm_csv: "Table of plays",
    lastfm_json: "Last.fm file", lastfm_xml: "Last.fm file", lastfm_api: "Last.fm", lastfmstats_json: "lastfmstats.com file", listenbrainz_export: "ListenBrainz export", listenbrainz_api: "ListenBrainz",
    maloja_json: "Maloja export", koito_json: "Koito export", your_spotify: "Your Spotify", librefm_csv: "Libre.fm export", scrubbler_csv: "Scrubbler file", scrubbler_json: "Scrubbler file",
    pano_events: "Pano Scrobbler export", pano_jsonl: "Pano Scrobbler export", youtube_music_json: "YouTube Music", navidrome: "Navidrome database", deezer_xlsx: "Deezer data", ifttt: "IFTTT spreadsheet",
    exportify: "Playlist by Exportify", track_features: "Track catalogue", spotify_songs: "Track catalogue", acousticbrainz_highlevel: "AcousticBrainz", acousticbrainz_lowlevel: "AcousticBrainz",
    lastfm_submission: "Players, as Last.fm", listenbrainz_submission: "Players, as ListenBrainz", audioscrobbler_submission: "Players, as AudioScrobbler",
    kaggle_tracks: "Track catalogue",
  };
  /** Kinds of files with tracks and no plays, which belong to nobody in particular. */
  const CATALOGUES = new Set(["kaggle_tracks", "track_features", "spotify_songs", "exportify", "acousticbrainz_highlevel", "acousticbrainz_lowlevel", "added_songs"]);
  const sourceName = (kind) => SOURCES[kind] ?? (kind ? kind.replace(/_/g, " ").replace(/^./, (first) => first.toUpperCase()) : "not recognised");
  const when = (at) => at && h("time", { datetime: at, title: new Date(at).toLocaleString() }, new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
  const FAR = [[86_400, "day"], [3600, "hour"], [60, "minute"]];
  const relative = (at) => {
    const seconds = (new Date(at) - Date.now()) / 1000;
    const [unit, name] = FAR.find(([least]) => Math.abs(seconds) >= least) ?? [60, "minute"];
    return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / unit), name);
  };
  const every = (seconds) => (seconds % 86_400 === 0 ? counted(seconds / 86_400, "day") : seconds % 3600 === 0 ? counted(seconds / 3600, "hour") : counted(Math.round(seconds / 60), "minute"));
  const size = (bytes) => {
    if (bytes < 1000) return counted(bytes, "byte");
    const [unit, name] = [[1e9, "gigabyte"], [1e6, "megabyte"], [1e3, "kilobyte"]].find(([least]) => bytes >= least);
    return new Intl.NumberFormat(undefined, { style: "unit", unit: name, maximumFractionDigits: bytes / unit < 10 ? 1 : 0 }).format(bytes / unit);
  };
  const DOES = {
    import: "Importing files", look: "Looking at files", undo: "Undoing an import", run: "Bringing everything up to date",
    train: "Training models", job: "Doing a scheduled job", zone: "Moving times to another zone",
  };

  const SERVICES = { spotify: "Spotify", lastfm: "Last.fm", listenbrainz: "ListenBrainz" };

  tonearm.library = { CATALOGUES, DOES, SERVICES, every, relative, size, sourceName, when };
})();
