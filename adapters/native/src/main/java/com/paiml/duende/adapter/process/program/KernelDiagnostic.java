package com.paiml.duende.adapter.process.program;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Feature;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import java.util.ArrayList;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** For {@code duende doctor}: what this kernel gives to programs and lets us do, found by trying. */
@Component
public final class KernelDiagnostic implements Diagnostic {
  private static final String AREA = "kernel";

  @Override
  public List<Finding> examine(Deadline deadline) {
    return switch (Linux.detect()) {
      case Linux.NotHere(String reason) -> List.of(new Finding(AREA, Verdict.ABSENT, reason, ""));
      case Linux.Here(Linux linux) -> examine(linux);
    };
  }

  private static List<Finding> examine(Linux linux) {
    List<Finding> findings = new ArrayList<>();
    try {
      for (Feature feature : linux.features()) {
        findings.add(
            new Finding(
                AREA + ": " + feature.name(),
                feature.present() ? Verdict.OK : Verdict.ABSENT,
                feature.detail(),
                ""));
      }
      int uid =
          linux
              .proc()
              .status((int) ProcessHandle.current().pid())
              .flatMap(s -> s.field("Uid"))
              .map(u -> Integer.parseInt(u.split("\\s+")[0]))
              .orElse(0);
      findings.add(
          DiskRooms.detect(uid)
              .refusal()
              .map(why -> new Finding(AREA + ": disk quotas", Verdict.ABSENT, why, ""))
              .orElseGet(
                  () ->
                      new Finding(
                          AREA + ": disk quotas",
                          Verdict.OK,
                          "a file system in a file, by a loop device",
                          "")));
    } catch (LinuxException refused) {
      findings.add(
          new Finding(
              AREA,
              Verdict.BROKEN,
              refused.call() + " for " + refused.thing() + " failed with " + refused.errno(),
              refused.remedy()));
    }
    return findings;
  }
}
