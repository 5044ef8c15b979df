package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.image.Cpio;
import com.paiml.duende.adapter.pepita.image.GuestInit;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.log.Delivery;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;

/**
 * A machine that boots, and is told what to do.
 *
 * @param command what is executed in it
 * @param files what is sent in before
 */
record FreshStart(Command command, FilesIn files) implements Beginning {
  private static final String NOTIFY = "NOTIFY_SOCKET=/run/duende/notify";

  @Override
  public void check(Image image, Monitor monitor, boolean accelerated) {
    // Whatever there is will do.
  }

  @Override
  public Secret secret() {
    return Secret.mint();
  }

  @Override
  public Optional<Path> filesDisk(Path folder, Deadline deadline) throws DaemonException {
    if (!files.byImage()) {
      return Optional.empty();
    }
    Path made = folder.resolve(Machines.FILES_DISK);
    files.makeImage(made, folder, deadline);
    return Optional.of(made);
  }

  @Override
  public void prepare(VmPlan plan, Image image, Secret secret) throws IOException, DaemonException {
    writeInitrd(image, secret, plan.initrd());
  }

  /**
   * The image's initrd, followed by an archive with this machine's secret, a seed for its randomness, and the init that speaks
   * as we do: that of the image may be of another Duende.
   */
  private static void writeInitrd(Image image, Secret secret, Path to)
      throws IOException, DaemonException {
    byte[] seed = new byte[Secret.LENGTH];
    new SecureRandom().nextBytes(seed);
    byte[] both = java.util.Arrays.copyOf(secret.copy(), 2 * Secret.LENGTH);
    System.arraycopy(seed, 0, both, Secret.LENGTH, Secret.LENGTH);
    Path _ =
        Files.createFile(
            to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OutputStream out = Files.newOutputStream(to)) {
      long _ = Files.copy(image.initrd(), out);
      try (Cpio cpio = new Cpio(out)) {
        cpio.file("duende.secret", 0400, both);
        cpio.file("init", 0755, GuestInit.bytes());
      }
    }
  }

  @Override
  public List<String> arguments(Monitor monitor, VmPlan plan) {
    return monitor.arguments(plan);
  }

  @Override
  public Delivery delivery(RotatedLog log, Path note) throws IOException {
    return Delivery.begin(log, note, 0);
  }

  @Override
  public void begin(VmRun run, Resources limits, Deadline deadline) throws DaemonException {
    try {
      run.attach(deadline);
      run.boot(deadline);
      Guest guest = run.open(deadline);
      guest.prepare(configuration(run).end(), deadline);
      run.filesCame(files.send(guest, deadline));
      Machines.refuseWrittenLimits(run.spec, run.updateLimits(limits, deadline));
      int _ = guest.start(deadline);
      run.begun();
      // The machine has it in its memory, and it is in no other place.
      Files.deleteIfExists(run.plan.initrd());
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, run.spec.name(), "a file cannot be removed: " + e, "", e);
    }
  }

  private GuestConfig configuration(VmRun run) throws DaemonException {
    LaunchSpec spec = run.spec;
    DaemonConfig config = spec.config();
    GuestConfig out = new GuestConfig(spec.name());
    for (String word : command.words()) {
      out.add('A', word);
    }
    for (String variable : spec.env()) {
      out.add('E', variable);
    }
    out.add('E', "PEPITA_VM=" + run.plan.name());
    if (config.readiness().type() == Readiness.Type.NOTIFY || config.watchdog().isPresent()) {
      out.add('E', NOTIFY);
    }
    if (config.watchdog().isPresent()) {
      out.add('E', "WATCHDOG_USEC=" + config.watchdog().get().toNanos() / 1000);
    }
    if (config.readiness().type() == Readiness.Type.FD) {
      out.add('D', Integer.toString(config.readiness().fd()));
    }
    for (String folder : command.folders()) {
      out.add('F', folder);
    }
    if (!config.workingDir().isEmpty()) {
      out.add('W', config.workingDir());
    }
    if (!config.user().isEmpty()) {
      out.add('U', config.user());
    }
    if (!config.group().isEmpty()) {
      out.add('G', config.group());
    }
    if (config.sandbox().umask().isPresent()) {
      out.add('M', Integer.toOctalString(config.sandbox().umask().get()));
    }
    if (config.sandbox().noNewPrivs()) {
      out.add('P', "1");
    }
    out.add('O', Long.toString(config.resources().openFiles()));
    out.add('H', spec.name());
    if (command.rootfs().isPresent()) {
      out.add('R', command.table().writable() ? "rw" : "overlay");
    }
    if (files.byImage()) {
      out.add('I', command.rootfs().isPresent() ? "/dev/vdb" : "/dev/vda");
    }
    if (command.table().shell()) {
      out.add('C', "1");
    }
    if (run.plan.network()) {
      out.add('N', "10.0.2.15 255.255.255.0 10.0.2.2");
    }
    return out;
  }
}
