package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Published ports: {@code 127.0.0.1:8080:80}, {@code [::1]:8080:80}, {@code 8080:80}, each with {@code /udp} or not. */
final class PortSyntax {
  /** What nobody asked to be seen from other machines is not. */
  private static final String LOOPBACK = "127.0.0.1";

  private static final Pattern PORT =
      Pattern.compile(
          "(?:(?<address>[0-9.]+|\\[[0-9a-fA-F:.]+]):)?(?<host>[0-9]*):(?<inside>[0-9]+)"
              + "(?:/(?<protocol>tcp|udp|sctp))?");

  private PortSyntax() {}

  static Optional<ContainerPlan.Port> parse(String text, List<String> faults) {
    Matcher m = PORT.matcher(text);
    if (!m.matches()) {
      faults.add(
          "[container] ports \""
              + text
              + "\" cannot be read; write [ADDRESS:]PORT:PORT[/udp], the container's last");
      return Optional.empty();
    }
    String host = m.group("host");
    int outside = host.isEmpty() ? 0 : number(host);
    int inside = number(m.group("inside"));
    if (outside < 0 || inside <= 0) {
      faults.add("[container] ports \"" + text + "\": a port is 1 to 65535; write another");
      return Optional.empty();
    }
    String address = m.group("address");
    String protocol = m.group("protocol");
    return Optional.of(
        new ContainerPlan.Port(
            address == null ? LOOPBACK : address.replaceAll("[\\[\\]]", ""),
            outside,
            inside,
            protocol == null ? "tcp" : protocol));
  }

  private static int number(String digits) {
    if (digits.length() > 5) {
      return -1;
    }
    int number = Integer.parseInt(digits);
    return number >= 1 && number <= 65535 ? number : -1;
  }
}
