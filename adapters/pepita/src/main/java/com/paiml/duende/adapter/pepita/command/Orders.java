package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code pepita:run}, {@code pepita:stop}, {@code pepita:signal}: by the manager, for a machine that is stopped behind its
 * back would be started again.
 */
@Component(
    service = Orders.class,
    property = {
      "osgi.command.scope=pepita",
      "osgi.command.function=run",
      "osgi.command.function=stop",
      "osgi.command.function=signal"
    })
public final class Orders {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Vms vms;
  private final DaemonManager manager;

  @Activate
  public Orders(@Reference Vms vms, @Reference DaemonManager manager) {
    this.vms = vms;
    this.manager = manager;
  }

  @Descriptor(
      "Deploys a program as a daemon in a virtual machine of its own, and starts it. It is a daemon"
          + " like any other: duende stop, duende logs, duende rm. Put -- before the name when the"
          + " program has options.")
  public String run(
      @Descriptor("an image of a root file system (ext4); without it the built one")
          @Parameter(
              names = {"-r", "--rootfs"},
              absentValue = "")
          String rootfs,
      @Descriptor("memory of the machine, such as 512MiB")
          @Parameter(
              names = {"-m", "--memory"},
              absentValue = "")
          String memory,
      @Descriptor("processors of the machine")
          @Parameter(
              names = {"-c", "--vcpus"},
              absentValue = "1")
          long vcpus,
      @Descriptor("files to be sent in, HOST:GUEST, several separated by commas")
          @Parameter(
              names = {"-f", "--files"},
              absentValue = "")
          String files,
      @Descriptor("gives it QEMU's own network")
          @Parameter(
              names = {"-n", "--network"},
              presentValue = "true",
              absentValue = "false")
          boolean network,
      @Descriptor("the daemon's name") String name,
      @Descriptor("the program, a path in the guest, and its arguments") String... command)
      throws DaemonException {
    if (command.length == 0) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "pepita:run",
          "no program is named",
          "say pepita run -- NAME /bin/program ARGUMENTS");
    }
    Map<String, Object> table = new HashMap<>();
    table.put("vcpus", vcpus);
    if (!memory.isEmpty()) {
      table.put("memory", size(memory));
    }
    if (!files.isEmpty()) {
      table.put("files", List.of(files.split(",", -1)));
    }
    if (network) {
      table.put("network", "user");
    }
    DaemonConfig config =
        DaemonConfig.builder(name)
            .platform("pepita")
            .what(rootfs.isEmpty() ? new What.Program(command[0]) : new What.Vm(rootfs, command[0]))
            .args(List.of(command).subList(1, command.length))
            .tables(Map.of("pepita", table))
            .build();
    DaemonInfo info =
        manager.deploy(
            config,
            new DeployOptions(true, false, "call", false).withOrigin("pepita run"),
            PATIENCE);
    return info.name() + " is " + info.status();
  }

  private static long size(String text) throws DaemonException {
    return Sizes.parse(text)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.CONFIGURATION, "\"" + text + "\"", "is no size", "say 512MiB"));
  }

  @Descriptor("Stops the daemons of machines: their stop signal, then KILL after their timeout.")
  public void stop(
      @Descriptor("how long to wait for it")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          String wait,
      @Descriptor("daemons or their machines") String... names)
      throws DaemonException {
    Duration patience =
        Durations.parse(wait)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.CONFIGURATION, "\"" + wait + "\"", "is no time", "say 30s"));
    for (String name : names) {
      DaemonInfo _ = manager.stop(Answers.daemon(vms, name), patience);
    }
  }

  @Descriptor("Sends a signal to the program in a machine. TERM, INT and QUIT count as a stop.")
  public void signal(
      @Descriptor("a daemon or its machine") String name,
      @Descriptor("HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT or STOP") String signal)
      throws DaemonException {
    manager.signal(
        Answers.daemon(vms, name),
        Signal.parse(signal)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.CONFIGURATION,
                        "\"" + signal + "\"",
                        "is no signal",
                        "say HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT or STOP")));
  }
}
