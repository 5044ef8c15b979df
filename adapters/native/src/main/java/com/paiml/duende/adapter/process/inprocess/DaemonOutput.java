package com.paiml.duende.adapter.process.inprocess;

import com.paiml.duende.support.rotation.LogWriter;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One daemon's log as a stream, made when it is first asked for: most of many daemons never print. */
final class DaemonOutput {
  private final LogWriter writer;
  private volatile @Nullable PrintStream stream;

  DaemonOutput(LogWriter writer) {
    this.writer = writer;
  }

  PrintStream stream() {
    PrintStream made = stream;
    if (made == null) {
      synchronized (this) {
        made = stream;
        if (made == null) {
          made = new PrintStream(writer, false, StandardCharsets.UTF_8);
          stream = made;
        }
      }
    }
    return made;
  }

  LogWriter writer() {
    return writer;
  }
}
