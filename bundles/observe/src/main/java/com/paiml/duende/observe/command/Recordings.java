package com.paiml.duende.observe.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.observe.record.ChromeTrace;
import com.paiml.duende.observe.record.Recording;
import com.paiml.duende.observe.record.RecordingFile;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Component;

/** {@code duende recording}. */
@Component(service = Recordings.class)
@GogoCommand(scope = "duende", function = "recording")
public final class Recordings {

  @Descriptor(
      "Opens a recording of duende trace --save. Shows what the trace showed; with a second one:"
          + " what changed from the first to the second.")
  public String recording(
      CommandSession session,
      @Descriptor("as the JSON of Chrome's trace events, for ui.perfetto.dev")
          @Parameter(
              names = {"--chrome"},
              presentValue = "true",
              absentValue = "false")
          boolean chrome,
      @Descriptor("a recording") String file,
      @Descriptor("a later one to compare it with") String... later)
      throws DaemonException {
    if (later.length > 1 || (chrome && later.length > 0)) {
      throw new DaemonException(
          new ErrorCode("usage"), "", "one recording, or two to be compared", "");
    }
    Recording first = read(session, file);
    if (later.length == 1) {
      return TraceReport.compare(first, read(session, later[0]));
    }
    if (!chrome) {
      return first.daemon() + ", " + first.began() + "\n\n" + TraceReport.of(first);
    }
    try {
      ChromeTrace.write(first, session.getConsole());
      return "";
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, "standard output", "cannot be written: " + e.getMessage(), "", e);
    }
  }

  private static Recording read(CommandSession session, String file) throws DaemonException {
    Path path = session.currentDir().resolve(file);
    return RecordingFile.read(path);
  }
}
