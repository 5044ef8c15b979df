package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestSetup;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The power goes while a file system on a disk of ours is written to. The disk's target is written through the guest's page
 * cache, so that what was not flushed to it is lost; what was acknowledged has to be there.
 */
@Tag("long")
class PowerGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(8);
  private static final int RECORDS = 40;

  private static GuestSetup setup(Disk disk) throws Exception {
    return Guest.prepare()
        .memory(640)
        .module("ublk_drv")
        .ownClassPath()
        .program("mke2fs", "e2fsprogs")
        .program("e2fsck", "e2fsprogs")
        .disk(disk);
  }

  private static Guest boot(Disk disk) throws Exception {
    try {
      return setup(disk).boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }

  @Test
  void what_was_acknowledged_is_there_after_the_power_has_gone() throws Exception {
    try (Disk disk = Disk.empty(64L << 20)) {
      int acknowledged;
      try (Guest guest = boot(disk)) {
        Job server =
            guest.start(
                guest.java(
                    List.of("-Xms64m", "-Xmx64m"),
                    Inside.class.getName(),
                    "serve",
                    "/run/power",
                    "--target",
                    "file:/dev/vdc",
                    "--size",
                    "64MiB"));
        server.awaitLine(line -> line.equals("ready"), MINUTES);
        guest.must(MINUTES, "mke2fs", "-q", "-t", "ext4", "/dev/ublkb0");
        guest.must(MINUTES, "mount", "-t", "ext4", "/dev/ublkb0", "/mnt");
        Job writer =
            guest.start(
                "sh",
                "-c",
                "i=0; while :; do i=$((i + 1)); echo record $i | dd of=/mnt/$i conv=fsync"
                    + " 2>/dev/null || exit; echo acknowledged $i; done");
        writer.awaitLine(line -> line.equals("acknowledged " + RECORDS), MINUTES);
        guest.cutPower();
        acknowledged =
            (int) writer.output().lines().filter(line -> line.startsWith("acknowledged ")).count();
      }
      assertTrue(acknowledged >= RECORDS);
      try (Guest guest = boot(disk)) {
        guest.must(MINUTES, "mount", "-t", "ext4", "/dev/vdc", "/mnt");
        for (int i = 1; i <= acknowledged; i++) {
          assertEquals("record " + i + "\n", guest.must(MINUTES, "cat", "/mnt/" + i));
        }
        guest.must(MINUTES, "umount", "/mnt");
        guest.must(MINUTES, "e2fsck", "-f", "-n", "/dev/vdc");
      }
      System.out.println("power cut: " + acknowledged + " acknowledged records, all there");
    }
  }
}
