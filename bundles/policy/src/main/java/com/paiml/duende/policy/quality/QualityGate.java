package com.paiml.duende.policy.quality;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.PolicyEngine;
import java.io.IOException;
import java.lang.System.Logger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Looks at the code of a bundle before a daemon class of it is deployed, and refuses what does not meet the limits. A bundle
 * is analysed once for each state of it (its last modification).
 */
@Component(
    service = {PolicyEngine.class, QualityGate.class},
    configurationPid = QualityGate.PID)
@Designate(ocd = QualityGate.Settings.class)
public final class QualityGate implements PolicyEngine {
  static final String PID = "com.paiml.duende.policy.quality";
  private static final Logger LOG = System.getLogger(QualityGate.class.getName());

  private final BundleContext context;
  private final Settings settings;
  private final QualityReport.Limits limits;
  private final Map<Key, QualityReport> reports = new ConcurrentHashMap<>();

  /** The gate's configuration. */
  @ObjectClassDefinition(
      name = "Duende quality gate",
      description = "What a bundle's code must meet before its daemons are deployed")
  public @interface Settings {
    @AttributeDefinition(
        description = "reject: refuse the deployment; report: only say so; off: do not look")
    String mode() default "reject";

    @AttributeDefinition(description = "most cyclomatic complexity of one method")
    int complexity() default 20;

    @AttributeDefinition(description = "most debt markers in the sources that the bundle carries")
    int markers() default 0;

    @AttributeDefinition(description = "most percent of instructions that nothing reaches")
    double dead() default 10;

    @AttributeDefinition(description = "least score, 0 to 100")
    int score() default 80;
  }

  private record Key(long bundle, long lastModified, String daemonClass) {}

  @Activate
  public QualityGate(BundleContext context, Settings settings) {
    this.context = context;
    this.settings = settings;
    this.limits =
        new QualityReport.Limits(
            settings.complexity(), settings.markers(), settings.dead(), settings.score());
  }

  @Override
  public String name() {
    return "quality-gate";
  }

  @Override
  public Verdict beforeDeploy(DaemonConfig config) {
    if (settings.mode().equals("off") || !(config.what() instanceof What.JavaClass java)) {
      return Verdict.ALLOW;
    }
    Optional<Bundle> bundle = bundleOf(java);
    if (bundle.isEmpty()) {
      // It may come later; the start waits for it, and a deployment is judged again when it is
      // there.
      return Verdict.ALLOW;
    }
    List<String> faults;
    try {
      Optional<QualityReport> report = report(bundle.get(), java.className());
      if (report.isEmpty()) {
        return Verdict.ALLOW;
      }
      faults = report.get().against(limits);
    } catch (IOException e) {
      faults = List.of("its code cannot be read: " + e.getMessage());
    }
    if (faults.isEmpty()) {
      return Verdict.ALLOW;
    }
    String words = "bundle " + bundle.get().getSymbolicName() + ": " + String.join("; ", faults);
    if (settings.mode().equals("report")) {
      LOG.log(Logger.Level.WARNING, config.name() + ": " + words);
      return Verdict.ALLOW;
    }
    return Verdict.deny(words + " (limits: configuration " + PID + ")");
  }

  /** The report on a bundle; empty when it has no jar that could be read (a folder, a stream). */
  private Optional<QualityReport> report(Bundle bundle, String daemonClass) throws IOException {
    Optional<Path> jar = jarOf(bundle);
    if (jar.isEmpty()) {
      LOG.log(
          Logger.Level.WARNING,
          bundle.getSymbolicName()
              + " is at "
              + bundle.getLocation()
              + ", not a file: its code is not analysed");
      return Optional.empty();
    }
    Key key = new Key(bundle.getBundleId(), bundle.getLastModified(), daemonClass);
    QualityReport known = reports.get(key);
    if (known == null) {
      known = QualityReport.of(jar.get(), daemonClass, exportedBy(bundle), limits);
      reports
          .keySet()
          .removeIf(k -> k.bundle() == key.bundle() && k.lastModified() != key.lastModified());
      reports.put(key, known);
    }
    return Optional.of(known);
  }

  private static Optional<Path> jarOf(Bundle bundle) {
    String location = bundle.getLocation().replaceFirst("^(reference|initial@reference):", "");
    if (!location.startsWith("file:")) {
      return Optional.empty();
    }
    Path path =
        Path.of(
            URI.create(
                location.startsWith("file:/")
                    ? location
                    : "file:" + Path.of(location.substring(5)).toAbsolutePath()));
    return Files.isRegularFile(path) ? Optional.of(path) : Optional.empty();
  }

  private static Set<String> exportedBy(Bundle bundle) {
    BundleRevision revision = bundle.adapt(BundleRevision.class);
    return revision == null
        ? Set.of()
        : revision.getDeclaredCapabilities(BundleRevision.PACKAGE_NAMESPACE).stream()
            .map(c -> String.valueOf(c.getAttributes().get(BundleRevision.PACKAGE_NAMESPACE)))
            .collect(Collectors.toSet());
  }

  private Optional<Bundle> bundleOf(What.JavaClass java) {
    String entry = java.className().replace('.', '/') + ".class";
    return Arrays.stream(context.getBundles())
        .filter(
            b ->
                java.bundle().isEmpty()
                    ? b.getEntry(entry) != null
                    : java.bundle().equals(b.getSymbolicName()))
        .findFirst();
  }
}
