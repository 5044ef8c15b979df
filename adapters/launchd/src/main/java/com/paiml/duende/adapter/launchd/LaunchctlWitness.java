package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformWitness;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** {@code launchctl list}: the jobs of the user who asks. */
@Component(
    service = PlatformWitness.class,
    property = PlatformAdapter.PLATFORM + "=" + LaunchdAdapter.NAME)
public final class LaunchctlWitness implements PlatformWitness {
  private final Launchctl launchctl;

  @Activate
  public LaunchctlWitness(BundleContext context) {
    this(context.getProperty(LaunchdAdapter.PROPERTY));
  }

  LaunchctlWitness(@Nullable String program) {
    launchctl = new Launchctl(program == null ? LaunchdAdapter.APPLES : Path.of(program));
  }

  @Override
  public String tool() {
    return "launchctl list";
  }

  @Override
  public Optional<String> see(String daemon, Deadline deadline) throws DaemonException {
    Launchctl.Answer answer = launchctl.call(deadline, "list");
    if (!answer.ok()) {
      throw new DaemonException(
          ErrorCode.STATUS, daemon, "launchctl list: " + answer.words(), "see launchctl(1)");
    }
    // Process, last exit status, label.
    return answer
        .text()
        .lines()
        .map(String::strip)
        .filter(line -> line.matches(".*\\scom\\.paiml\\.duende\\.\\S*"))
        .filter(line -> line.endsWith("." + daemon))
        .map(line -> line.replaceAll("\\s+", " "))
        .findFirst();
  }
}
