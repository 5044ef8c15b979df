package com.paiml.duende.adapter.pepita.monitor;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Stands in for Firecracker or Cloud Hypervisor: a program that takes the command line and the HTTP requests of their
 * published API descriptions, refuses what those do not describe, and then boots what it was told, in a real QEMU, offering
 * its channel in Firecracker's vsock scheme. What it shows is that the requests are as described and that a real guest is
 * reached through them; not that the real monitors agree with their descriptions.
 */
public final class SimulatedMain {
  /** Members of each object of Firecracker's firecracker.yaml that are used here: the required ones begin with a star. */
  private static final Map<String, Set<String>> FIRECRACKER =
      Map.of(
          "/machine-config", Set.of("*vcpu_count", "*mem_size_mib", "smt", "track_dirty_pages"),
          "/boot-source", Set.of("*kernel_image_path", "initrd_path", "boot_args"),
          "/drives/", Set.of("*drive_id", "path_on_host", "*is_root_device", "is_read_only"),
          "/vsock", Set.of("*guest_cid", "*uds_path", "vsock_id"),
          "/actions", Set.of("*action_type"),
          "/vm", Set.of("*state"));

  /** Likewise of VmConfig in cloud-hypervisor.yaml. */
  private static final Map<String, Set<String>> CLOUD_HYPERVISOR =
      Map.of(
          "",
          Set.of("*payload", "cpus", "memory", "disks", "vsock", "serial", "console"),
          "payload",
          Set.of("kernel", "initramfs", "cmdline", "firmware"),
          "cpus",
          Set.of("*boot_vcpus", "*max_vcpus"),
          "memory",
          Set.of("*size", "shared", "hugepages"),
          "vsock",
          Set.of("*cid", "*socket", "id"),
          "serial",
          Set.of("*mode", "file", "socket"),
          "console",
          Set.of("*mode", "file", "socket"));

  private final boolean firecracker;
  private final Path work;
  private final Map<String, Map<String, Object>> told = new HashMap<>();
  private String state = "Not started";
  private Process qemu;

  private SimulatedMain(boolean firecracker, Path work) {
    this.firecracker = firecracker;
    this.work = work;
  }

  /** @param args which of the two, then the command line of the real one */
  public static void main(String[] args) throws Exception {
    boolean firecracker = args[0].equals("firecracker");
    Map<String, String> words = new HashMap<>();
    for (int i = 1; i + 1 < args.length; i += 2) {
      words.put(args[i], args[i + 1]);
    }
    Set<String> known = firecracker ? Set.of("--api-sock", "--id") : Set.of("--api-socket");
    if (!known.equals(words.keySet())
        || !words.getOrDefault("--id", "a").matches("[A-Za-z0-9-]{1,64}")) {
      System.err.println("unknown arguments " + List.of(args));
      System.exit(1);
    }
    Path api = Path.of(words.get(firecracker ? "--api-sock" : "--api-socket"));
    new SimulatedMain(firecracker, api.toAbsolutePath().getParent()).serve(api);
  }

  private void serve(Path api) throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(api));
      while (true) {
        try (SocketChannel one = server.accept()) {
          answer(one);
        }
      }
    }
  }

  private void answer(SocketChannel one) throws Exception {
    StringBuilder head = new StringBuilder();
    ByteBuffer single = ByteBuffer.allocate(1);
    while (!head.toString().endsWith("\r\n\r\n")) {
      if (one.read(single.clear()) < 0) {
        return;
      }
      head.append((char) single.get(0));
    }
    int length = 0;
    for (String line : head.toString().split("\r\n")) {
      if (line.startsWith("Content-Length: ")) {
        length = Integer.parseInt(line.substring(16));
      }
    }
    ByteBuffer body = ByteBuffer.allocate(length);
    while (body.hasRemaining()) {
      one.read(body);
    }
    String[] request = head.toString().split(" ", 3);
    String text = new String(body.array(), StandardCharsets.UTF_8);
    Map<String, Object> object = text.isEmpty() ? Map.of() : Words.read(text);
    String status = "204 No Content";
    String content = "";
    try {
      content =
          firecracker
              ? firecracker(request[0], request[1], object)
              : cloudHypervisor(request[0], request[1], object);
      if (!content.isEmpty()) {
        status = "200 OK";
      }
    } catch (IllegalArgumentException e) {
      status = "400 Bad Request";
      content = "{\"fault_message\":\"" + e.getMessage() + "\"}";
    }
    String answer =
        "HTTP/1.1 "
            + status
            + "\r\nServer: API\r\nConnection: keep-alive\r\n"
            + (content.isEmpty() ? "" : "Content-Length: " + content.length() + "\r\n")
            + "\r\n"
            + content;
    one.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
  }

  private static void check(String what, Set<String> described, Map<String, Object> object) {
    Set<String> names = new HashSet<>();
    Set<String> missing = new TreeSet<>();
    for (String name : described) {
      String plain = name.startsWith("*") ? name.substring(1) : name;
      names.add(plain);
      if (name.startsWith("*") && !object.containsKey(plain)) {
        missing.add(plain);
      }
    }
    for (String name : object.keySet()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException(what + ": unknown field " + name);
      }
    }
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(what + ": missing " + missing);
    }
  }

  private String firecracker(String method, String path, Map<String, Object> object)
      throws Exception {
    if (method.equals("GET") && path.equals("/")) {
      return "{\"id\":\"x\",\"state\":\""
          + state
          + "\",\"vmm_version\":\"1.0\",\"app_name\":\"Firecracker\"}";
    }
    String key = path.startsWith("/drives/") ? "/drives/" : path;
    if (!FIRECRACKER.containsKey(key) || !method.equals(path.equals("/vm") ? "PATCH" : "PUT")) {
      throw new IllegalArgumentException(
          "Invalid request method and/or path: " + method + " " + path);
    }
    check(path, FIRECRACKER.get(key), object);
    boolean started = !state.equals("Not started");
    if (path.equals("/vm")) {
      pauseOrResume(started, String.valueOf(object.get("state")), "Paused", "Resumed");
    } else if (started) {
      throw new IllegalArgumentException("not supported after starting the microVM");
    } else if (path.equals("/actions")) {
      if (!"InstanceStart".equals(object.get("action_type")) || !told.containsKey("/boot-source")) {
        throw new IllegalArgumentException("cannot start");
      }
      Map<String, Object> boot = told.get("/boot-source");
      Map<String, Object> machine = told.get("/machine-config");
      boot(
          String.valueOf(boot.get("kernel_image_path")),
          String.valueOf(boot.get("initrd_path")),
          String.valueOf(boot.get("boot_args")),
          (Long) machine.get("mem_size_mib") << 20,
          (Long) machine.get("vcpu_count"),
          String.valueOf(told.get("/vsock").get("uds_path")),
          (Long) told.get("/vsock").get("guest_cid"));
    } else {
      told.put(path, object);
    }
    return "";
  }

  private String cloudHypervisor(String method, String path, Map<String, Object> object)
      throws Exception {
    if (!path.startsWith("/api/v1/")) {
      throw new IllegalArgumentException("no such path " + path);
    }
    String what = path.substring(8);
    if (method.equals("GET") && what.equals("vmm.ping")) {
      return "{\"version\":\"v1\"}";
    }
    if (method.equals("GET") && what.equals("vm.info")) {
      return "{\"config\":{},\"state\":\"" + state + "\"}";
    }
    if (!method.equals("PUT")) {
      throw new IllegalArgumentException("no such method " + method);
    }
    switch (what) {
      case "vm.create" -> {
        check("VmConfig", CLOUD_HYPERVISOR.get(""), object);
        for (String part : List.of("payload", "cpus", "memory", "vsock", "serial", "console")) {
          check(part, CLOUD_HYPERVISOR.get(part), part(object, part));
        }
        told.put("vm", object);
      }
      case "vm.boot" -> {
        Map<String, Object> vm = told.get("vm");
        if (vm == null) {
          throw new IllegalArgumentException("VM is not created");
        }
        Map<String, Object> payload = part(vm, "payload");
        boot(
            String.valueOf(payload.get("kernel")),
            String.valueOf(payload.get("initramfs")),
            String.valueOf(payload.get("cmdline")),
            (Long) part(vm, "memory").get("size"),
            (Long) part(vm, "cpus").get("boot_vcpus"),
            String.valueOf(part(vm, "vsock").get("socket")),
            (Long) part(vm, "vsock").get("cid"));
      }
      case "vm.pause" -> pauseOrResume(true, "p", "p", "r");
      case "vm.resume" -> pauseOrResume(true, "r", "p", "r");
      default -> throw new IllegalArgumentException("no such path " + path);
    }
    return "";
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> part(Map<String, Object> object, String name) {
    return (Map<String, Object>) object.get(name);
  }

  private void pauseOrResume(boolean started, String asked, String pause, String resume)
      throws Exception {
    if (!started || !(asked.equals(pause) || asked.equals(resume))) {
      throw new IllegalArgumentException("cannot be " + asked);
    }
    boolean stop = asked.equals(pause);
    new ProcessBuilder("kill", stop ? "-STOP" : "-CONT", Long.toString(qemu.pid()))
        .start()
        .waitFor();
    state = stop ? "Paused" : "Running";
  }

  private void boot(
      String kernel, String initrd, String line, long memory, long vcpus, String uds, long cid)
      throws Exception {
    if (cid < 3 || !line.contains("duende.vsock=5000")) {
      throw new IllegalArgumentException("no vsock");
    }
    Path serial = work.resolve("serial");
    // Its guest has a port of virtio-serial in place of a vsock: the modules for that, and no word
    // of a vsock.
    String words = line.replaceAll("duende\\.vsock=\\S+", "").replace("vsock", "serial");
    qemu =
        new ProcessBuilder(
                "/usr/bin/qemu-system-x86_64",
                "-M",
                "q35",
                "-accel",
                "tcg",
                "-cpu",
                "qemu64",
                "-smp",
                Long.toString(vcpus),
                "-m",
                (memory >> 10) + "K",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-no-reboot",
                "-kernel",
                kernel,
                "-initrd",
                initrd,
                "-append",
                words,
                "-device",
                "virtio-serial-pci",
                "-chardev",
                "socket,id=channel,server=on,wait=off,path=" + serial,
                "-device",
                "virtserialport,chardev=channel,name=com.paiml.duende")
            .inheritIO()
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(qemu::destroyForcibly));
    state = "Running";
    // The monitor ends with its machine.
    qemu.onExit().thenAccept(p -> Runtime.getRuntime().halt(0));
    long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!Files.exists(serial) && System.nanoTime() < until) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    ServerSocketChannel vsock = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    vsock.bind(UnixDomainSocketAddress.of(uds));
    Thread.ofPlatform().daemon().start(() -> bridge(vsock, serial));
  }

  /** {@code CONNECT 5000}, {@code OK PORT}, then bytes both ways. */
  private void bridge(ServerSocketChannel vsock, Path serial) {
    List<SocketChannel> open = new ArrayList<>();
    while (true) {
      try {
        SocketChannel host = vsock.accept();
        for (SocketChannel old : open) {
          old.close();
        }
        open.clear();
        StringBuilder line = new StringBuilder();
        ByteBuffer single = ByteBuffer.allocate(1);
        while (host.read(single.clear()) > 0 && single.get(0) != '\n') {
          line.append((char) single.get(0));
        }
        if (!line.toString().equals("CONNECT 5000")) {
          host.close();
          continue;
        }
        SocketChannel guest = SocketChannel.open(StandardProtocolFamily.UNIX);
        guest.connect(UnixDomainSocketAddress.of(serial));
        host.write(ByteBuffer.wrap("OK 1073741824\n".getBytes(StandardCharsets.US_ASCII)));
        open.add(host);
        open.add(guest);
        Thread.ofPlatform().daemon().start(() -> pump(host, guest));
        Thread.ofPlatform().daemon().start(() -> pump(guest, host));
      } catch (IOException e) {
        System.err.println("vsock: " + e);
      }
    }
  }

  private static void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer room = ByteBuffer.allocate(1 << 16);
    try {
      while (from.read(room.clear()) >= 0) {
        room.flip();
        while (room.hasRemaining()) {
          to.write(room);
        }
      }
      to.close();
    } catch (IOException e) {
      // One of the two is gone.
      try {
        from.close();
        to.close();
      } catch (IOException second) {
        System.err.println("vsock: " + second);
      }
    }
  }
}
