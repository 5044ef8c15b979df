package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Style;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import com.paiml.duende.spi.Diagnostic.Finding;
import com.paiml.duende.spi.Diagnostic.Verdict;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformDetector;
import com.paiml.duende.spi.PlatformWitness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende doctor}. */
@Component(service = Doctor.class)
@GogoCommand(scope = "duende", function = "doctor")
public final class Doctor {
  private final BundleContext context;
  private final Supervision supervision;

  @Activate
  public Doctor(BundleContext context, @Reference Supervision supervision) {
    this.context = context;
    this.supervision = supervision;
  }

  @Descriptor(
      "Looks whether everything works that ought to, by trying it. Bundles, the manager, platforms,"
          + " faults in files under etc/, and what other bundles can look at; or one platform. Exit"
          + " status 1 when something is broken.")
  public Answer doctor(
      CommandSession session,
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("only what concerns this platform: launchd")
          @Parameter(
              names = {"--adapter"},
              absentValue = "")
          String adapter,
      @Descriptor(
              "with --adapter: start a daemon there, kill it, see whether it comes back, and remove"
                  + " it")
          @Parameter(
              names = {"--prove"},
              presentValue = "true",
              absentValue = "false")
          boolean prove,
      @Descriptor("how long it may take in all; with --prove each step")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait)
      throws DaemonException {
    if (!adapter.isEmpty()) {
      return ofPlatform(session, adapter, prove, json, wait);
    }
    if (prove) {
      throw new UsageException("--prove needs --adapter NAME; 'duende adapters' lists them");
    }
    List<Finding> findings = new ArrayList<>();
    Deadline deadline = Deadline.after(wait);
    String[] area = {"bundles"};
    try (Progress _ = Progress.of(session, () -> "examining " + area[0])) {
      bundles(findings);
      manager(findings);
      detection(findings);
      each(
          Diagnostic.class,
          (bundle, diagnostic) -> {
            area[0] = bundle;
            findings.addAll(examine(bundle, diagnostic, deadline));
          });
    }
    findings.sort(Comparator.comparing(Finding::area));
    return answer(findings, json);
  }

  private Answer ofPlatform(
      CommandSession session, String platform, boolean prove, boolean json, Duration wait)
      throws DaemonException {
    AdapterInfo adapter =
        supervision.manager().adapters().stream()
            .filter(a -> a.platform().equals(platform))
            .findFirst()
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND,
                        platform,
                        "there is no such platform",
                        "'duende adapters' lists them"));
    List<Finding> findings = new ArrayList<>();
    findings.add(platform(adapter));
    if (prove) {
      String[] step = {""};
      try (Progress _ = Progress.of(session, () -> "proving " + platform + ": " + step[0])) {
        withWitness(
            platform,
            witness ->
                findings.addAll(
                    new Proof(supervision.manager(), adapter, witness, wait, s -> step[0] = s)
                        .run()));
      }
    }
    return answer(findings, json);
  }

  /** Something to be done while the platform's own tool is at hand, where it is. */
  @FunctionalInterface
  private interface Witnessed {
    void run(Optional<PlatformWitness> witness) throws DaemonException;
  }

  private void withWitness(String platform, Witnessed act) throws DaemonException {
    for (ServiceReference<PlatformWitness> reference : references(PlatformWitness.class)) {
      PlatformWitness witness =
          platform.equals(reference.getProperty(PlatformAdapter.PLATFORM))
              ? context.getService(reference)
              : null;
      if (witness != null) {
        try {
          act.run(Optional.of(witness));
          return;
        } finally {
          boolean _ = context.ungetService(reference);
        }
      }
    }
    act.run(Optional.empty());
  }

  private static Answer answer(List<Finding> findings, boolean json) {
    boolean broken = findings.stream().anyMatch(f -> f.verdict() == Verdict.BROKEN);
    Answer answer = json ? json(findings) : style -> text(findings, style);
    return answer.withStatus(broken ? 1 : 0);
  }

  private void bundles(List<Finding> findings) {
    int active = 0;
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null;
      if (bundle.getState() == Bundle.ACTIVE || bundle.getState() == Bundle.STARTING || fragment) {
        active++;
      } else {
        findings.add(
            new Finding(
                "bundle " + bundle.getSymbolicName(),
                Verdict.BROKEN,
                "is not started",
                "the container's log says why it does not resolve or start"));
      }
    }
    findings.add(new Finding("bundles", Verdict.OK, active + " are started", ""));
  }

  private void manager(List<Finding> findings) {
    try {
      int count = supervision.manager().count();
      findings.add(new Finding("manager", Verdict.OK, "supervises " + count + " daemons", ""));
      for (AdapterInfo adapter : supervision.manager().adapters()) {
        findings.add(platform(adapter));
      }
    } catch (DaemonException e) {
      findings.add(
          new Finding(
              "manager",
              Verdict.BROKEN,
              e.problem(),
              "look for the bundle com.paiml.duende.manager in the container's log"));
    }
  }

  private static Finding platform(AdapterInfo adapter) {
    String area = "platform " + adapter.platform();
    return adapter.fingerprint().present()
        ? new Finding(area, Verdict.OK, adapter.fingerprint().version(), "")
        : new Finding(area, Verdict.ABSENT, adapter.fingerprint().problem(), "");
  }

  private void detection(List<Finding> findings) {
    each(
        PlatformDetector.class,
        (bundle, detector) -> {
          PlatformDetector.Detection found = detector.detect();
          findings.add(
              new Finding(
                  "machine",
                  Verdict.OK,
                  found.os()
                      + " on "
                      + found.architecture()
                      + ", running under "
                      + found.platform(),
                  ""));
        });
  }

  /** A bundle's own examination must not end ours. */
  private static List<Finding> examine(String bundle, Diagnostic diagnostic, Deadline deadline) {
    try {
      return diagnostic.examine(deadline);
    } catch (RuntimeException e) {
      return List.of(
          new Finding(
              bundle,
              Verdict.BROKEN,
              "its own examination failed: " + e,
              "this is a fault of the bundle " + bundle));
    }
  }

  private <T> void each(Class<T> type, BiConsumer<String, T> act) {
    for (ServiceReference<T> reference : references(type)) {
      T service = context.getService(reference);
      if (service != null) {
        String bundle =
            Optional.ofNullable(reference.getBundle())
                .map(Bundle::getSymbolicName)
                .orElse("a bundle that left");
        try {
          act.accept(bundle, service);
        } finally {
          boolean _ = context.ungetService(reference);
        }
      }
    }
  }

  private <T> List<ServiceReference<T>> references(Class<T> type) {
    try {
      return context.getServiceReferences(type, null).stream().sorted().toList();
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("no filter is not valid", e);
    }
  }

  private static String text(List<Finding> findings, Style style) {
    Table table = new Table("", "AREA", "FINDING");
    for (Finding f : findings) {
      table.row(
          Cell.of(Human.word(f.verdict()), tone(f.verdict())),
          Cell.of(f.area(), Tone.STRONG),
          Cell.of(f.remedy().isEmpty() ? f.text() : f.text() + "; " + f.remedy()));
    }
    // Remedies are to be read whole, however long.
    return table.text(new Style(style.colour(), 0));
  }

  private static Tone tone(Verdict verdict) {
    return switch (verdict) {
      case OK -> Tone.GOOD;
      case DEGRADED -> Tone.WARNING;
      case ABSENT -> Tone.FAINT;
      case BROKEN -> Tone.BAD;
    };
  }

  private static Json json(List<Finding> findings) {
    return Json.of(
        findings.stream()
            .map(
                f ->
                    Json.object()
                        .put("area", f.area())
                        .put("verdict", f.verdict())
                        .put("text", f.text())
                        .put("remedy", f.remedy()))
            .toList());
  }
}
