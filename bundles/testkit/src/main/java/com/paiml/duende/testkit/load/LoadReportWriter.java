package com.paiml.duende.testkit.load;

import com.paiml.duende.api.Durations;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Reports as text, JSON and HTML. */
final class LoadReportWriter {
  private LoadReportWriter() {}

  static String plan(LoadPlan p) {
    String rate = p.rate() == 0 ? "as fast as they can" : number(p.rate()) + " requests/s";
    String who =
        p.loop() == LoadPlan.Loop.OPEN
            ? "open loop, " + rate
            : "closed loop, " + p.users() + " users, " + rate;
    return who
        + ", "
        + Durations.format(p.duration())
        + " with a ramp of "
        + Durations.format(p.rampUp())
        + (p.requestsPerUser() == 0 ? "" : ", " + p.requestsPerUser() + " requests of each user");
  }

  /** Whether the two times can differ: without a schedule a request is due when it is sent. */
  private static boolean scheduled(LoadPlan p) {
    return p.rate() > 0;
  }

  static String text(LoadReport r) {
    StringBuilder text = new StringBuilder();
    text.append("load       ").append(plan(r.plan())).append('\n');
    text.append(
        String.format(
            Locale.ROOT,
            "requests   %d in %.1f s, %.1f/s%n",
            r.requests(),
            r.took().toNanos() / 1e9,
            r.throughput()));
    text.append(
        String.format(Locale.ROOT, "errors     %d (%.2f %%)%n", r.errors(), 100 * r.errorRate()));
    new TreeMap<>(r.messages())
        .forEach(
            (message, count) ->
                text.append(String.format(Locale.ROOT, "  %8d %s%n", count, message)));
    if (scheduled(r.plan())) {
      text.append("from due   ").append(line(r.response())).append('\n');
      text.append("from sent  ").append(line(r.service())).append('\n');
    } else {
      text.append("service    ").append(line(r.service())).append('\n');
      text.append(
          "           (no schedule: what a user felt who came while it was busy is not in it)\n");
    }
    text.append("verdict    ").append(verdict(r));
    return text.toString();
  }

  private static String verdict(LoadReport r) {
    return r.passed()
        ? "passed (below 1 % errors)"
        : r.requests() == 0 ? "NOT PASSED: no request was made" : "NOT PASSED: 1 % errors or more";
  }

  private static String line(LoadReport.Times t) {
    StringBuilder line = new StringBuilder();
    t.byName()
        .forEach(
            (name, time) ->
                line.append(line.isEmpty() ? "" : ", ").append(name + " " + Millis.of(time)));
    return line.toString();
  }

  static String json(LoadReport r) {
    LoadPlan p = r.plan();
    StringBuilder errors = new StringBuilder();
    new TreeMap<>(r.messages())
        .forEach(
            (m, n) ->
                errors
                    .append(errors.isEmpty() ? "" : ", ")
                    .append(quote(m))
                    .append(": ")
                    .append(n));
    return """
    {
      "loop": "%s",
      "users": %d,
      "ramp_up": %s,
      "duration": %s,
      "requests_per_user": %d,
      "target_rate": %s,
      "began": "%s",
      "took": %s,
      "requests": %d,
      "errors": %d,
      "error_rate": %s,
      "throughput": %s,
      "messages": {%s},
      "response_ms": {%s},
      "service_ms": {%s},
      "passed": %b
    }
    """
        .formatted(
            p.loop().name().toLowerCase(Locale.ROOT),
            p.loop() == LoadPlan.Loop.OPEN ? 0 : p.users(),
            number(p.rampUp().toNanos() / 1e9),
            number(p.duration().toNanos() / 1e9),
            p.requestsPerUser(),
            number(p.rate()),
            r.began(),
            number(r.took().toNanos() / 1e9),
            r.requests(),
            r.errors(),
            number(r.errorRate()),
            number(r.throughput()),
            errors,
            times(r.response()),
            times(r.service()),
            r.passed());
  }

  private static String times(LoadReport.Times t) {
    StringBuilder text = new StringBuilder();
    t.byName()
        .forEach(
            (name, time) ->
                text.append(text.isEmpty() ? "" : ", ")
                    .append(quote(name) + ": " + number(time.toNanos() / 1e6)));
    return text.toString();
  }

  static String html(LoadReport r) {
    StringBuilder rows = new StringBuilder();
    long most = Math.max(1, r.response().max().toNanos());
    for (Map.Entry<String, Duration> e : r.response().byName().entrySet()) {
      String name = e.getKey();
      rows.append(
          String.format(
              Locale.ROOT,
              "<tr><td>%s</td><td>%s</td><td>%s</td><td><div"
                  + " style=\"width:%.1f%%\"></div></td></tr>%n",
              name,
              Millis.of(e.getValue()),
              Millis.of(r.service().byName().getOrDefault(name, Duration.ZERO)),
              100.0 * e.getValue().toNanos() / most));
    }
    StringBuilder errors = new StringBuilder();
    new TreeMap<>(r.messages())
        .forEach(
            (m, n) ->
                errors.append("<li>").append(n).append(" × ").append(escape(m)).append("</li>\n"));
    return """
    <!doctype html>
    <html lang="en"><meta charset="utf-8"><title>Load test</title>
    <style>
    body{font:15px/1.5 system-ui,sans-serif;max-width:50em;margin:2em auto;padding:0 1em}
    table{border-collapse:collapse;width:100%%}td,th{text-align:right;padding:.2em .8em}
    td:first-child,th:first-child,td:last-child{text-align:left}td:last-child{width:50%%}
    td div{background:#4a7ebb;height:.9em;min-width:1px}
    </style>
    <h1>Load test: %s</h1>
    <p>%s. Began %s.</p>
    <p>%d requests in %.1f s, %.1f per second; %d errors (%.2f %%).</p>
    <ul>%s</ul>
    <table><tr><th></th><th>from due</th><th>from sent</th><th></th></tr>
    %s</table></html>
    """
        .formatted(
            escape(verdict(r)),
            escape(plan(r.plan())),
            r.began(),
            r.requests(),
            r.took().toNanos() / 1e9,
            r.throughput(),
            r.errors(),
            100 * r.errorRate(),
            errors,
            rows);
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.6f", value).replaceFirst("0+$", "");
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
              } else if (c < 0x20) {
                quoted.append(String.format("\\u%04x", c));
              } else {
                quoted.append((char) c);
              }
            });
    return quoted.append('"').toString();
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
