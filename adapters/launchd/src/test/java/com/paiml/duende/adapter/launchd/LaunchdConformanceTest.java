package com.paiml.duende.adapter.launchd;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.launchd.RecordedLaunchd;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The contract of adapters, held against a recorded launchd: what only a Mac can show stands in docs/launchd.md. */
@EnabledOnOs(OS.LINUX)
class LaunchdConformanceTest extends AdapterConformance {
  @TempDir static Path lab;
  private static RecordedLaunchd launchd;
  @TempDir Path scratch;

  @BeforeAll
  static void boot() throws IOException {
    try {
      launchd = RecordedLaunchd.start(lab);
    } catch (Missing e) {
      Assumptions.abort(e.getMessage());
    }
  }

  @AfterAll
  static void halt() throws Exception {
    if (launchd != null) {
      launchd.close();
    }
  }

  @Override
  protected Subject subject() {
    return new LaunchdSubject(launchd, scratch);
  }
}
