package com.paiml.duende.shell.call;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import com.paiml.duende.shell.text.Answer;
import java.time.Duration;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;

/** Commands as a bundle might have them. */
public final class Sample {
  @Descriptor(
      "Does something with names. It takes its time, and says so in a sentence that is long enough"
          + " to be wrapped somewhere before its end.")
  public String work(
      @Descriptor("go on")
          @Parameter(
              names = {"-f", "--follow"},
              presentValue = "true",
              absentValue = "false")
          boolean follow,
      @Descriptor("so many")
          @Parameter(
              names = {"-n", "--last"},
              absentValue = "10")
          int last,
      @Descriptor("how long")
          @Parameter(
              names = {"--wait"},
              absentValue = "5s")
          Duration wait,
      @Descriptor("the first") String name,
      String... more) {
    return follow + " " + last + " " + wait + " " + name + " " + List.of(more);
  }

  public String passes(
      @Parameter(
              names = {"-f", "--force"},
              presentValue = "true",
              absentValue = "false")
          boolean force,
      String name,
      String... options) {
    return force + " " + name + " " + List.of(options);
  }

  @Descriptor("Sends a signal")
  public String signal(CommandSession session, String name, Signal signal) {
    return (session == null) + " " + name + " " + signal;
  }

  public Answer fails(String how) throws Exception {
    if (how.equals("daemon")) {
      throw new DaemonException(ErrorCode.NOT_FOUND, "web", "is not there", "deploy it");
    }
    if (how.equals("usage")) {
      throw new DaemonException(UsageException.CODE, "", "not so", "");
    }
    if (how.equals("inside")) {
      throw new IllegalStateException("broken");
    }
    Answer answer = style -> "three\n";
    return answer.withStatus(3);
  }
}
