package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** What {@code duende doctor} says of machines. */
@Component(service = Diagnostic.class)
public final class PepitaDiagnostic implements Diagnostic {
  private final Images images;
  private final Monitors monitors;

  @Activate
  public PepitaDiagnostic() {
    this(Images.ofUser(), PepitaAdapter.KNOWN);
  }

  PepitaDiagnostic(Images images, Monitors monitors) {
    this.images = images;
    this.monitors = monitors;
  }

  @Override
  public List<Finding> examine(Deadline deadline) {
    List<Finding> findings = new ArrayList<>();
    for (Monitor monitor : monitors.all()) {
      Optional<Path> program = monitor.program();
      findings.add(
          program.isEmpty()
              ? new Finding(
                  area(monitor),
                  Verdict.ABSENT,
                  monitor.hindrance().orElse("is not here"),
                  monitor.remedy())
              : new Finding(
                  area(monitor),
                  monitor.simulated() ? Verdict.DEGRADED : Verdict.OK,
                  "is "
                      + program.get()
                      + (monitor.simulated()
                          ? "; tested against its published API only, never against it itself"
                          : ""),
                  ""));
    }
    Optional<Image> image = images.find(Images.DEFAULT);
    findings.add(
        image.isPresent()
            ? new Finding(
                "pepita: image",
                Verdict.OK,
                image.get().properties().getOrDefault("package.kernel", "built")
                    + " in "
                    + image.get().folder(),
                "")
            : new Finding(
                "pepita: image",
                Verdict.ABSENT,
                "nothing to boot has been built in " + images.folder(),
                "run \"pepita image build\""));
    findings.add(kvm(image));
    return findings;
  }

  private static String area(Monitor monitor) {
    return "pepita: " + monitor.word() + " over " + monitor.carrier();
  }

  private Finding kvm(Optional<Image> image) {
    Optional<Kvm.Verdict> known =
        new Kvm(Path.of("/dev/kvm"), KvmTrial.bootId(), new KvmTrial(monitors)).known(image);
    if (known.isEmpty()) {
      return new Finding(
          "pepita: KVM",
          Verdict.DEGRADED,
          "/dev/kvm is there; whether a kernel boots on it the first machine will show",
          "");
    }
    return known.get().works()
        ? new Finding("pepita: KVM", Verdict.OK, "a kernel boots on it", "")
        : new Finding(
            "pepita: KVM",
            Verdict.DEGRADED,
            known.get().why() + "; machines are emulated, which is 10 to 20 times slower",
            "run on a host that offers KVM (nested virtualisation where it is a machine itself)");
  }
}
