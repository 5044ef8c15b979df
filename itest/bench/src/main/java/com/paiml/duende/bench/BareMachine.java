package com.paiml.duende.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * QEMU alone, with the kernel and the initial file system of an image.
 *
 * @param qemu the program
 * @param image the image's folder
 * @param kvm whether it is accelerated
 */
record BareMachine(Path qemu, Path image, boolean kvm) {
  private static final String LINE = "console=ttyS0 quiet panic=-1 reboot=t no_timer_check ";
  private static final int PIECE = 1 << 16;

  /** From the start of QEMU to the first word of the image's init, which then powers off; nanoseconds. */
  long boot() throws IOException {
    long begin = System.nanoTime();
    Process process = start(List.of(), LINE + "duende.trial=1");
    try (BufferedReader out = process.inputReader()) {
      await(out, "a kernel boots");
      return System.nanoTime() - begin;
    } finally {
      Process _ = process.destroyForcibly();
    }
  }

  /**
   * Bytes over a virtio-serial port into nothing: from the first of them until the guest has read the last; nanoseconds.
   *
   * @param folder for the socket
   * @param content whole pieces of 64 KiB
   */
  long receive(Path folder, byte[] content) throws IOException {
    Path socket = folder.resolve("port");
    Process process =
        start(
            List.of(
                "-device",
                "virtio-serial-pci",
                "-chardev",
                "socket,id=port,server=on,wait=off,path=" + socket,
                "-device",
                "virtserialport,chardev=port,name=bare"),
            LINE
                + "rdinit=/bin/sh -- -c \"mount -t devtmpfs d /dev; exec >/dev/console;"
                + " echo it listens; dd if=/dev/vport0p1 of=/dev/null bs="
                + PIECE
                + " iflag=fullblock count="
                + content.length / PIECE
                + " && echo it has read all; sleep 1h\"");
    try (BufferedReader out = process.inputReader()) {
      await(out, "it listens");
      try (SocketChannel port = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        boolean _ = port.connect(UnixDomainSocketAddress.of(socket));
        long begin = System.nanoTime();
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          int _ = port.write(bytes);
        }
        await(out, "it has read all");
        return System.nanoTime() - begin;
      }
    } finally {
      Process _ = process.destroyForcibly();
    }
  }

  private Process start(List<String> devices, String line) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(qemu.toString());
    words.addAll(List.of("-M", "q35", "-accel", kvm ? "kvm" : "tcg"));
    words.addAll(List.of("-cpu", kvm ? "host" : "qemu64", "-smp", "1", "-m", "256"));
    words.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
    words.addAll(List.of("-serial", "stdio"));
    words.addAll(List.of("-kernel", image.resolve("vmlinux").toString()));
    words.addAll(List.of("-initrd", image.resolve("initrd.cpio").toString()));
    words.addAll(List.of("-append", line));
    words.addAll(devices);
    return new ProcessBuilder(words)
        .redirectInput(new File("/dev/null"))
        .redirectErrorStream(true)
        .start();
  }

  private static void await(BufferedReader out, String word) throws IOException {
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.contains(word)) {
        return;
      }
    }
    throw new IOException("QEMU alone does not say \"" + word + "\"");
  }
}
