package com.paiml.duende.platform;

import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import com.paiml.duende.spi.PlatformDetector;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Decides by evidence: the first of WOS, pepita, container, systemd and launchd that something speaks for, else native. Looks
 * anew at each call; reads a dozen small files, starts nothing. Any thread may call.
 */
@Component(service = {PlatformDetector.class, Diagnostic.class})
public final class EvidenceDetector implements PlatformDetector, Diagnostic {
  private final Facts facts;

  @Activate
  public EvidenceDetector() {
    this(Facts.here());
  }

  EvidenceDetector(Facts facts) {
    this.facts = facts;
  }

  @Override
  public Detection detect() {
    List<Evidence> evidence = Signs.of(facts);
    String platform = deciding(evidence).map(Evidence::platform).orElse("native");
    return new Detection(platform, facts.os(), facts.architecture(), evidence);
  }

  private static Optional<Evidence> deciding(List<Evidence> evidence) {
    return evidence.stream().filter(Evidence::speaksFor).findFirst();
  }

  @Override
  public List<Finding> examine(Deadline deadline) {
    Detection detection = detect();
    String why =
        deciding(detection.evidence())
            .map(e -> e.source() + " (" + e.found() + ")")
            .orElse("nothing speaks for another");
    return List.of(
        new Finding(
            "platform",
            Verdict.OK,
            detection.platform()
                + " on "
                + detection.os()
                + " "
                + detection.architecture()
                + ": "
                + why,
            ""));
  }
}
