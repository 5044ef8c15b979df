package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.adapter.pepita.monitor.Words;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code pepita:list}. */
@Component(
    service = ListMachines.class,
    property = {"osgi.command.scope=pepita", "osgi.command.function=list"})
public final class ListMachines {
  private final Vms vms;

  @Activate
  public ListMachines(@Reference Vms vms) {
    this.vms = vms;
  }

  @Descriptor("Lists the virtual machines that run: one for each daemon of the platform pepita.")
  public String list(
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json)
      throws IOException {
    List<Vms.Vm> all = vms.all().stream().sorted(Comparator.comparing(Vms.Vm::machine)).toList();
    if (json) {
      List<Map<String, Object>> objects = all.stream().map(Answers::of).toList();
      return Words.list(objects);
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "MACHINE",
            "STATE",
            "PID",
            "VCPUS",
            "MEMORY",
            "CID",
            "MONITOR",
            "ACCELERATOR",
            "DAEMON"));
    for (Vms.Vm vm : all) {
      rows.add(
          List.of(
              vm.machine(),
              vm.state(),
              Long.toString(vm.pid()),
              Integer.toString(vm.vcpus()),
              Answers.mebibytes(vm.memory()),
              Long.toString(vm.cid()),
              vm.monitor(),
              vm.accelerated() ? "kvm" : "emulation",
              vm.daemon()));
    }
    return Answers.table(rows);
  }
}
