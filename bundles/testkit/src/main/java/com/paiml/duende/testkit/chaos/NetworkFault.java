package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Bad weather between a daemon and the rest. Through a proxy: {@code to} names the daemon's own address, and whoever is to
 * feel it connects to {@code listen} instead. Or by the kernel's netem, for a daemon that has a network namespace of its own:
 * in ours everybody would feel it.
 */
final class NetworkFault implements Fault {
  private final String kind;
  private final String words;

  private NetworkFault(String kind, String words) {
    this.kind = kind;
    this.words = words;
  }

  static List<Fault> all() {
    return List.of(
        new NetworkFault("latency", "delay=100ms jitter=0s: everything arrives later"),
        new NetworkFault("bandwidth", "rate=64KiB: that many bytes a second each way"),
        new NetworkFault("loss", "rate=1%: segments are lost and sent again"),
        new NetworkFault("reset", "rate=10%: connections are reset in the middle; proxy only"));
  }

  @Override
  public String name() {
    return kind;
  }

  @Override
  public String needs() {
    return words
        + "; needs to=HOST:PORT (listen=PORT, 0 for any), or device=NAME and netem for a daemon"
        + " with a network namespace of its own";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    Parameters p = scene.parameters();
    String[] own =
        kind.equals("latency") ? new String[] {"delay", "jitter"} : new String[] {"rate"};
    List<String> known = new ArrayList<>(List.of(own));
    known.addAll(List.of("to", "listen", "device"));
    p.only(known.toArray(String[]::new));
    Weather weather = weather(p);
    if (p.has("device")) {
      return netem(scene, weather, p.needed("device", "eth0"));
    }
    InetSocketAddress to = address(p, p.needed("to", "127.0.0.1:8080"));
    TcpProxy proxy =
        TcpProxy.open(p.number("listen", 0, 0, 65535), to, weather, scene.random().nextLong());
    scene.note(kind + " between 127.0.0.1:" + proxy.port() + " and " + p.text("to").orElse(""));
    return () -> {
      proxy.close();
      scene.note("the proxy saw " + proxy.tally());
    };
  }

  private Weather weather(Parameters p) throws DaemonException {
    Duration none = Duration.ZERO;
    return switch (kind) {
      case "latency" ->
          new Weather(
              p.duration("delay", Duration.ofMillis(100)), p.duration("jitter", none), 0, 0, 0);
      case "bandwidth" -> new Weather(none, none, Math.max(1, p.size("rate", 64 << 10)), 0, 0);
      case "loss" -> new Weather(none, none, 0, p.fraction("rate", 0.01), 0);
      default -> new Weather(none, none, 0, 0, p.fraction("rate", 0.1));
    };
  }

  private static InetSocketAddress address(Parameters p, String text) throws DaemonException {
    int colon = text.lastIndexOf(':');
    try {
      if (colon > 0) {
        return new InetSocketAddress(
            text.substring(0, colon).replaceAll("^\\[|]$", ""),
            Integer.parseInt(text.substring(colon + 1)));
      }
    } catch (IllegalArgumentException e) {
      throw p.wrong("to", "\"" + text + "\" has no port", "say to=127.0.0.1:8080");
    }
    throw p.wrong("to", "\"" + text + "\" has no port", "say to=127.0.0.1:8080");
  }

  private Injection netem(ChaosScene scene, Weather w, String device)
      throws DaemonException, InterruptedException {
    if (!device.matches("[A-Za-z0-9._@-]{1,15}")) {
      throw scene.parameters().wrong("device", "\"" + device + "\" is no device", "see ip link");
    }
    String words =
        switch (kind) {
          case "latency" -> "delay " + w.delay().toMillis() + "ms " + w.jitter().toMillis() + "ms";
          case "bandwidth" -> "rate " + 8 * w.bytesPerSecond() + "bit";
          case "loss" -> String.format(Locale.ROOT, "loss %.4f%%", 100 * w.loss());
          default ->
              throw new DaemonException(
                  ErrorCode.NOT_SUPPORTED, "netem", "resets no connections", "use to=HOST:PORT");
        };
    List<Injection> all = new ArrayList<>();
    try {
      for (String target : scene.targets()) {
        String main = Processes.main(scene.manager(), target);
        if (namespace(Long.toString(Processes.pid(main))).equals(namespace("self"))) {
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              target,
              "shares its network with the machine, and netem would hit everybody",
              "use to=HOST:PORT, which puts a proxy in between");
        }
        Guard guard =
            Guard.start(
                Guard.NETEM,
                scene.plan().duration(),
                device,
                words,
                Tools.need("tc", kind, "iproute2"));
        all.add(guard::close);
        guard.inject(main);
        scene.note(target + ": netem " + words + " on " + device);
      }
    } catch (DaemonException | InterruptedException e) {
      Injections.of(all).close();
      throw e;
    }
    return Injections.of(all);
  }

  private static String namespace(String pid) throws DaemonException {
    try {
      return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")).toString();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          "process " + pid,
          "its network namespace cannot be seen: " + e.getMessage(),
          "netem needs Linux and root",
          e);
    }
  }
}
