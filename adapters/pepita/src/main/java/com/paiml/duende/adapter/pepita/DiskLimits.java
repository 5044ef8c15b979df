package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.monitor.DiskRate;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.LimitReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Limits on a machine's disks, which its monitor holds: nothing in the guest can get around them. */
final class DiskLimits {
  private DiskLimits() {}

  static DiskRate asked(Resources r) {
    return new DiskRate(r.ioReadBps(), r.ioWriteBps());
  }

  /**
   * What is in force of what is asked for; what is not limited is not told.
   *
   * @param disks how many the machine has
   * @param monitor its word
   * @param actual as the monitor says; empty where it has no such limit
   */
  static List<LimitReport> reports(
      Resources asked, int disks, String monitor, Optional<DiskRate> actual) {
    List<LimitReport> reports = new ArrayList<>();
    add(
        reports,
        "resources.io_read_bps",
        asked.ioReadBps(),
        disks,
        monitor,
        actual.map(DiskRate::read));
    add(
        reports,
        "resources.io_write_bps",
        asked.ioWriteBps(),
        disks,
        monitor,
        actual.map(DiskRate::written));
    return reports;
  }

  private static void add(
      List<LimitReport> reports,
      String key,
      long asked,
      int disks,
      String monitor,
      Optional<Long> actual) {
    if (asked == 0 && actual.orElse(0L) == 0) {
      return;
    }
    String wanted = Long.toString(asked);
    if (disks == 0) {
      reports.add(new LimitReport(key, wanted, wanted, "the machine has no disk", true, ""));
    } else if (actual.isEmpty()) {
      reports.add(
          new LimitReport(
              key,
              wanted,
              "",
              "",
              false,
              "the monitor " + monitor + " is not known to limit reading and writing apart"));
    } else {
      boolean holds = actual.get() == asked;
      reports.add(
          new LimitReport(
              key,
              wanted,
              Long.toString(actual.get()),
              monitor + "'s throttle group",
              holds,
              holds ? "" : "the monitor took another value"));
    }
  }
}
