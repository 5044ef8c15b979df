package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a guest is to have. Not safe for several threads. */
public final class GuestSetup {
  int memory = 512;
  int processors = 1;
  String processor = "qemu64";
  boolean newerKernel;
  Duration bootTime = Duration.ofMinutes(3);
  final Map<String, String> modules = new LinkedHashMap<>();
  final List<Path> classPath = new ArrayList<>();
  final Map<String, Path> files = new LinkedHashMap<>();
  final Map<String, Path> programs = new LinkedHashMap<>();
  final Set<Path> libraries = new LinkedHashSet<>();
  final List<Disk> disks = new ArrayList<>();

  GuestSetup() {}

  /** Memory in MiB; 512 when nothing is said. */
  public GuestSetup memory(int mebibytes) {
    memory = mebibytes;
    return this;
  }

  /** Processors; 1 when nothing is said. Figures of guests with more than one swing widely. */
  public GuestSetup processors(int number) {
    processors = number;
    return this;
  }

  /** QEMU's name of the processor; {@code qemu64} when nothing is said, which starts soonest. */
  public GuestSetup processor(String model) {
    processor = model;
    return this;
  }

  /** Linux 6.18 instead of 6.12. */
  public GuestSetup newerKernel() {
    newerKernel = true;
    return this;
  }

  /** How long the boot may take; 3 minutes when nothing is said. */
  public GuestSetup bootTime(Duration most) {
    bootTime = most;
    return this;
  }

  /** Loads a module of the kernel at boot, after what it needs; nothing happens for what is built in. */
  public GuestSetup module(String name) {
    return module(name, "");
  }

  /**
   * Loads a module of the kernel at boot.
   *
   * @param options as for insmod(8), for example {@code rd_nr=1 rd_size=65536}
   */
  public GuestSetup module(String name, String options) {
    modules.put(name.replace('-', '_'), options);
    return this;
  }

  /** Puts jars or folders of classes on the class path of {@link Guest#java}. */
  public GuestSetup classPath(List<Path> entries) {
    for (Path entry : entries) {
      if (Files.exists(entry)) {
        classPath.add(entry);
      }
    }
    return this;
  }

  /** Puts everything that the running test has on its class path on the guest's: its module's classes, tests and libraries. */
  public GuestSetup ownClassPath() {
    // Surefire's own class path is one jar; what it stands for is in this property.
    String path =
        System.getProperty(
            "surefire.test.class.path", System.getProperty("java.class.path", "").trim());
    List<Path> entries = new ArrayList<>();
    for (String entry : path.split(File.pathSeparator)) {
      if (!entry.isEmpty()) {
        entries.add(Path.of(entry));
      }
    }
    return classPath(entries);
  }

  /**
   * Puts a file or a folder into the guest, read-only.
   *
   * @param source on the host
   * @param name relative; in the guest it is {@code /app/NAME}, executable when the source is
   */
  public GuestSetup file(Path source, String name) {
    files.put(name, source);
    return this;
  }

  /**
   * Puts a program of the host into the guest, with the libraries that it is linked with, first on the path: {@code
   * /app/bin/NAME}. A script of the guest's shell has to say the whole path where busybox has a program of that name.
   *
   * @param debianPackage what has it, for the reason when it is not here
   */
  public GuestSetup program(String tool, String debianPackage)
      throws Missing, IOException, InterruptedException {
    return program(Command.need(tool, debianPackage));
  }

  /** As {@link #program(String, String)}, for a program that was found or built. */
  public GuestSetup program(Path program) throws IOException, InterruptedException {
    programs.put(program.getFileName().toString(), program.toRealPath());
    libraries.addAll(JavaImage.libraries(program));
    return this;
  }

  /** Puts a disk in: the first is {@code /dev/vdc}, the next {@code /dev/vdd}, and so on. */
  public GuestSetup disk(Disk disk) {
    disks.add(disk);
    return this;
  }

  /**
   * Boots it and waits until it answers.
   *
   * @throws Missing when this machine cannot: the reason, for a test to be skipped with
   * @throws IOException when it does not come up in time; nothing is left then, and the message has its console
   */
  public Guest boot() throws Missing, IOException, InterruptedException {
    return Guest.boot(this);
  }
}
