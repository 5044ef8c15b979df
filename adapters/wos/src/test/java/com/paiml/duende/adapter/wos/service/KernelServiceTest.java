package com.paiml.duende.adapter.wos.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.WosAdapter;
import com.paiml.duende.adapter.wos.command.Ps;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import org.junit.jupiter.api.Test;

class KernelServiceTest {

  private final KernelService service = new KernelService(KernelOptions.standard(2));

  @Test
  void given_no_module_when_the_adapter_is_asked_what_it_can_do_then_no_kernel_is_made() {
    WosAdapter adapter = new WosAdapter(service);
    try {
      assertTrue(adapter.fingerprint(Deadline.after(Machine.PATIENCE)).present());
      assertEquals("wos", adapter.schema().platform());
      assertTrue(service.begun().isEmpty());
    } finally {
      adapter.deactivate();
    }
    service.deactivate();
    assertTrue(service.begun().isEmpty());
  }

  @Test
  void given_no_module_when_a_command_asks_then_there_is_one_kernel_from_then_on() {
    assertTrue(new Ps(service).ps().contains("init"));
    assertSame(service.kernel(), service.begun().orElseThrow());
    assertSame(service.kernel(), service.kernel());
    service.deactivate();
  }

  @Test
  void given_a_service_that_has_ended_when_its_kernel_is_asked_for_then_it_takes_no_process()
      throws Exception {
    service.deactivate();
    try (Machine other = new Machine(1)) {
      Image hello = other.image("hello");
      DaemonException e =
          assertThrows(
              DaemonException.class, () -> service.kernel().start(SessionSpec.of("late"), hello));
      assertEquals(ErrorCode.INVALID_STATE, e.code());
    }
  }
}
