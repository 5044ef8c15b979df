package com.paiml.duende.adapter.process.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Feature;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic.Finding;
import com.paiml.duende.spi.Diagnostic.Verdict;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@EnabledOnOs(OS.LINUX)
class KernelDiagnosticTest {
  @Test
  void every_feature_is_listed_with_what_trying_it_gave() throws Exception {
    List<Finding> findings = new KernelDiagnostic().examine(Deadline.after(Duration.ofSeconds(60)));
    assertFalse(
        findings.stream().anyMatch(f -> f.verdict() == Verdict.BROKEN), findings.toString());
    if (Linux.detect() instanceof Linux.Here(Linux linux)) {
      for (Feature feature : linux.features()) {
        Finding one =
            findings.stream()
                .filter(f -> f.area().equals("kernel: " + feature.name()))
                .findFirst()
                .orElseThrow();
        assertEquals(feature.present(), one.verdict() == Verdict.OK, one.toString());
        assertFalse(one.text().isBlank(), one.toString());
      }
      assertTrue(findings.stream().anyMatch(f -> f.area().equals("kernel: disk quotas")));
    }
  }
}
