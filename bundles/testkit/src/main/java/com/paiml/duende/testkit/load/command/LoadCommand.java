package com.paiml.duende.testkit.load.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.testkit.load.HttpTarget;
import com.paiml.duende.testkit.load.LoadPlan;
import com.paiml.duende.testkit.load.LoadReport;
import com.paiml.duende.testkit.load.LoadTest;
import java.net.URI;
import java.time.Duration;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Component;

/** {@code duende load}. */
@Component(
    service = LoadCommand.class,
    property = {"osgi.command.scope=duende", "osgi.command.function=load"})
public final class LoadCommand {
  private static final ErrorCode USAGE = new ErrorCode("usage");

  @Descriptor(
      "Puts a URL under load and tells how long its answers take. Times count from when a request"
          + " was due, wherever there is a rate: a server that stalls is not spared the requests"
          + " that would have come meanwhile. Without options: 10 users who come within 10 seconds,"
          + " for a minute. Exit status 1 when one request in a hundred fails.")
  public String load(
      CommandSession session,
      @Descriptor("quick, light, moderate or heavy")
          @Parameter(
              names = {"-p", "--preset"},
              absentValue = "moderate")
          String preset,
      @Descriptor("how many users ask, each waiting for its answers (default: the preset's)")
          @Parameter(
              names = {"-u", "--users"},
              absentValue = "0")
          int users,
      @Descriptor("requests per second, shared by the users (default: as many as go)")
          @Parameter(
              names = {"-r", "--rate"},
              absentValue = "0")
          double rate,
      @Descriptor("requests come at the rate, whether or not earlier ones are answered")
          @Parameter(
              names = {"--open"},
              presentValue = "true",
              absentValue = "false")
          boolean open,
      @Descriptor("for how long (default: the preset's)")
          @Parameter(
              names = {"--for"},
              absentValue = "")
          String duration,
      @Descriptor("over which users come in, or the rate grows (default: the preset's)")
          @Parameter(
              names = {"--ramp"},
              absentValue = "")
          String ramp,
      @Descriptor("requests of each user (default: as many as there is time for)")
          @Parameter(
              names = {"-n", "--requests"},
              absentValue = "0")
          int requests,
      @Descriptor("for one request")
          @Parameter(
              names = {"--timeout"},
              absentValue = "10s")
          Duration timeout,
      @Descriptor("the report as text, json or html")
          @Parameter(
              names = {"-f", "--format"},
              absentValue = "text")
          String format,
      @Descriptor("http://HOST:PORT/PATH") String url)
      throws DaemonException, InterruptedException {
    LoadPlan plan = plan(preset, users, rate, open, duration, ramp, requests);
    if (!format.matches("text|json|html")) {
      throw usage("--format: \"" + format + "\" is not text, json or html");
    }
    if (timeout.isZero()) {
      throw usage("--timeout: above 0, not 0s");
    }
    boolean told = format.equals("text");
    try (HttpTarget target = target(url, timeout)) {
      LoadReport report =
          new LoadTest(
                  plan,
                  target,
                  p -> {
                    if (told) {
                      session.getConsole().println(p.describe());
                      session.getConsole().flush();
                    }
                  })
              .run();
      String answer =
          switch (format) {
            case "json" -> report.json();
            case "html" -> report.html();
            default -> "\n" + report.text();
          };
      if (report.passed()) {
        return answer.stripTrailing();
      }
      session.getConsole().println(answer.stripTrailing());
      session.getConsole().flush();
      throw new DaemonException(
          new ErrorCode("load"),
          url,
          report.errors() + " of " + report.requests() + " requests failed",
          "");
    }
  }

  private static LoadPlan plan(
      String preset,
      int users,
      double rate,
      boolean open,
      String duration,
      String ramp,
      int requests)
      throws DaemonException {
    LoadPlan plan =
        LoadPlan.preset(preset)
            .orElseThrow(
                () ->
                    usage("no preset \"" + preset + "\": there are quick, light, moderate, heavy"));
    try {
      if (users != 0) {
        plan = plan.withUsers(users);
      }
      if (!duration.isEmpty()) {
        plan = plan.withDuration(time("--for", duration));
      }
      if (!ramp.isEmpty()) {
        plan = plan.withRampUp(time("--ramp", ramp));
      }
      plan = plan.withRequestsPerUser(requests);
      return open ? plan.open(rate) : plan.withRate(rate);
    } catch (IllegalArgumentException e) {
      throw new DaemonException(USAGE, "", String.valueOf(e.getMessage()), "", e);
    }
  }

  private static Duration time(String option, String text) throws DaemonException {
    return Durations.parse(text)
        .orElseThrow(() -> usage(option + ": \"" + text + "\" is not a duration such as 30s"));
  }

  private static HttpTarget target(String url, Duration timeout) throws DaemonException {
    try {
      return new HttpTarget(URI.create(url), timeout);
    } catch (IllegalArgumentException e) {
      throw new DaemonException(
          USAGE, "", "\"" + url + "\" is not a URL: " + e.getMessage(), "", e);
    }
  }

  private static DaemonException usage(String problem) {
    return new DaemonException(USAGE, "", problem, "");
  }
}
