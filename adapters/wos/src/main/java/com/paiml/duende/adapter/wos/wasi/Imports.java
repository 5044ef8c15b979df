package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.Abi;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.ArrayList;
import java.util.List;
import run.endive.runtime.HostFunction;
import run.endive.runtime.ImportValues;

/** Everything that a module may import. Made once; shared by all processes. */
public final class Imports implements Abi {

  /** The module name of WASI preview 1. */
  public static final String WASI = "wasi_snapshot_preview1";

  /** The module name of what is added to it. */
  public static final String WOS = "wos";

  private final ImportValues values;
  private final List<String> names;

  public Imports() {
    List<HostFunction> functions = new ArrayList<>();
    List<List<Call>> wasi =
        List.of(
            ProcessCalls.all(),
            ClockCalls.all(),
            DescriptorCalls.all(),
            FileCalls.all(),
            PathCalls.all(),
            PollCalls.all(),
            SocketCalls.all());
    wasi.forEach(group -> group.forEach(call -> functions.add(function(WASI, call))));
    WosCalls.all().forEach(call -> functions.add(function(WOS, call)));
    this.names = functions.stream().map(f -> f.module() + "." + f.name()).toList();
    this.values =
        ImportValues.builder().addFunction(functions.toArray(HostFunction[]::new)).build();
  }

  private static HostFunction function(String module, Call call) {
    String name = call.name();
    return new HostFunction(
        module,
        name,
        call.type(),
        (instance, arguments) -> {
          Errno answer = WasmProcess.current().call(name, call.body(), instance, arguments);
          return call.answers() ? new long[] {answer.code()} : new long[0];
        });
  }

  @Override
  public ImportValues imports() {
    return values;
  }

  /** {@return {@code MODULE.NAME} of all of them, in order} */
  public List<String> names() {
    return names;
  }
}
