package com.paiml.duende.shell.repl;

import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.Process;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Component;

/** {@code grep}, for pipes in the shell: gogo's runtime has no such command. */
@Component(service = Grep.class)
@GogoCommand(scope = "gogo", function = "grep")
public final class Grep {

  @Descriptor("Shows those lines of its input that match")
  public Answer grep(
      CommandSession session,
      @Descriptor("without regard to case")
          @Parameter(
              names = {"-i"},
              presentValue = "true",
              absentValue = "false")
          boolean anyCase,
      @Descriptor("those that do not match")
          @Parameter(
              names = {"-v"},
              presentValue = "true",
              absentValue = "false")
          boolean inverted,
      @Descriptor("a regular expression") String expression)
      throws IOException, UsageException {
    Pattern pattern;
    try {
      pattern = Pattern.compile(expression, anyCase ? Pattern.CASE_INSENSITIVE : 0);
    } catch (PatternSyntaxException e) {
      throw new UsageException("'" + expression + "' is not a regular expression", e);
    }
    Process process = Process.Utils.current();
    InputStream in = process == null ? session.getKeyboard() : process.in();
    PrintStream out = Caller.out(session);
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    int found = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (pattern.matcher(line).find() != inverted) {
        out.println(line);
        found++;
      }
    }
    Answer nothing = style -> "";
    return nothing.withStatus(found > 0 ? 0 : 1);
  }
}
