package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Sheet;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.MetricsExport;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The export of metrics, while there is one, and what {@code duende metrics} does with it. */
@Component(service = Exporting.class)
public final class Exporting {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String OFF = "off";

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  private volatile @Nullable MetricsExport present;

  public Exporting() {}

  Exporting(MetricsExport export) {
    present = export;
  }

  Optional<MetricsExport> find() {
    return Optional.ofNullable(present);
  }

  MetricsExport service() throws DaemonException {
    return find()
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    "",
                    "the metrics bundle is not running in this container",
                    "see 'duende doctor'"));
  }

  /** Turns on and off what is not empty, and says how things stand. */
  Answer change(String port, String url, Duration every, boolean json) throws DaemonException {
    MetricsExport export = service();
    if (port.equals(OFF)) {
      export.stopServing();
    } else if (!port.isEmpty()) {
      var _ = export.serve(number(port), Deadline.after(PATIENCE));
    }
    if (url.equals(OFF)) {
      export.stopPushing();
    } else if (!url.isEmpty()) {
      export.push(address(url), every);
    }
    MetricsExport.Status status = export.status();
    return json ? json(status) : sheet(status);
  }

  private static int number(String port) throws UsageException {
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException e) {
      throw new UsageException("--serve: '" + port + "' is neither a port nor off");
    }
  }

  private static URI address(String url) throws UsageException {
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      throw new UsageException("--push: '" + url + "' is neither an address nor off");
    }
  }

  private static Answer sheet(MetricsExport.Status s) {
    return new Sheet()
        .title("metrics", "")
        .line("Prometheus", s.serving().map(URI::toString).orElse("off"))
        .line("scrapes", Long.toString(s.scrapes()))
        .line("OTLP", s.pushingTo().map(URI::toString).orElse("off"))
        .line("batches taken", Long.toString(s.pushed()))
        .line("batches not taken", Long.toString(s.failed()))
        .line("problem", s.problem(), Tone.BAD);
  }

  private static Answer json(MetricsExport.Status s) {
    return Json.object()
        .put("serving", s.serving().map(URI::toString))
        .put("scrapes", s.scrapes())
        .put("pushing_to", s.pushingTo().map(URI::toString))
        .put("pushed", s.pushed())
        .put("failed", s.failed())
        .put("problem", s.problem().isEmpty() ? null : s.problem());
  }
}
