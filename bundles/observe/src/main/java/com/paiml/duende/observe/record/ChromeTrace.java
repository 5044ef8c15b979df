package com.paiml.duende.observe.record;

import com.paiml.duende.observe.text.JsonText;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.util.Locale;

/**
 * Writes a recording as the JSON of Chrome's trace event format, which Perfetto ({@code ui.perfetto.dev}), {@code
 * chrome://tracing} and Speedscope open: complete events ("X"), times in microseconds since the first one.
 */
public final class ChromeTrace {
  private ChromeTrace() {}

  public static void write(Recording recording, Appendable out) throws java.io.IOException {
    long first =
        recording.events().stream().mapToLong(e -> e.nanoTime() - e.tookNanos()).min().orElse(0);
    out.append("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"daemon\":")
        .append(JsonText.quoted(recording.daemon()))
        .append(",\"method\":")
        .append(JsonText.quoted(recording.method()))
        .append(",\"began\":")
        .append(JsonText.quoted(recording.began().toString()))
        .append(",\"lost\":")
        .append(Long.toString(recording.lost()))
        .append("},\"traceEvents\":[\n")
        .append("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":")
        .append(JsonText.quoted(recording.daemon()))
        .append("}}");
    for (SyscallEvent e : recording.events()) {
      out.append(",\n{\"name\":")
          .append(JsonText.quoted(e.name()))
          .append(",\"cat\":\"syscall\",\"ph\":\"X\",\"pid\":1,\"tid\":")
          .append(Long.toString(e.tid()))
          .append(",\"ts\":")
          .append(micros(e.nanoTime() - e.tookNanos() - first))
          .append(",\"dur\":")
          .append(micros(e.tookNanos()))
          .append(",\"args\":{\"arguments\":")
          .append(JsonText.quoted(e.arguments()))
          .append(",\"result\":")
          .append(Long.toString(e.result()));
      if (!e.stack().isEmpty()) {
        out.append(",\"stack\":").append(JsonText.quoted(String.join("\n", e.stack())));
      }
      out.append("}}");
    }
    out.append("\n]}\n");
  }

  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%d.%03d", nanos / 1000, nanos % 1000);
  }
}
