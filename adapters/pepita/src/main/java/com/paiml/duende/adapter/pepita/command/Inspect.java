package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.adapter.pepita.monitor.Words;
import com.paiml.duende.api.DaemonException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code pepita:inspect}. */
@Component(
    service = Inspect.class,
    property = {"osgi.command.scope=pepita", "osgi.command.function=inspect"})
public final class Inspect {
  private final Vms vms;

  @Activate
  public Inspect(@Reference Vms vms) {
    this.vms = vms;
  }

  @Descriptor("Shows everything about one virtual machine.")
  public String inspect(
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("a daemon or its machine") String name)
      throws DaemonException, IOException {
    Vms.Vm vm = Answers.find(vms, name);
    Map<String, Object> all = Answers.of(vm);
    all.putAll(vm.details());
    if (json) {
      return Words.write(all);
    }
    List<List<String>> rows = new ArrayList<>();
    all.forEach((k, v) -> rows.add(List.of(k, String.valueOf(v))));
    return Answers.table(rows);
  }
}
