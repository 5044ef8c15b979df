package com.paiml.duende.ublk.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.ublk.control.Feature;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeviceSpecTest {
  private static DeviceSpec spec(DeviceSpec.Survival recovery, boolean unprivileged) {
    return new DeviceSpec(-1, 1, 64, 4096, recovery, false, DeviceSpec.Copy.KERNEL, unprivileged);
  }

  @Test
  void a_kernel_without_unprivileged_devices_is_refused_in_one_sentence() {
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () -> spec(DeviceSpec.Survival.NONE, true).features(Feature.of(0x1de)));
    assertEquals(ErrorCode.NOT_SUPPORTED, refused.code());
    assertTrue(
        refused.getMessage().contains("gives devices to privileged processes only"),
        refused.getMessage());
  }

  @Test
  void an_unprivileged_device_asks_for_that_and_a_privileged_one_does_not() throws Exception {
    Set<Feature> all = EnumSet.allOf(Feature.class);
    assertEquals(
        EnumSet.of(Feature.UNPRIVILEGED, Feature.IOCTL_ENCODING),
        spec(DeviceSpec.Survival.NONE, true).features(all));
    assertEquals(
        EnumSet.of(Feature.USER_RECOVERY, Feature.USER_RECOVERY_REISSUE, Feature.IOCTL_ENCODING),
        spec(DeviceSpec.Survival.REISSUE, false).features(all));
  }

  @Test
  void a_kernel_that_cannot_do_without_a_copy_is_refused_in_one_sentence() throws Exception {
    DeviceSpec spec =
        new DeviceSpec(
            -1, 1, 64, 4096, DeviceSpec.Survival.NONE, false, DeviceSpec.Copy.NONE, false);
    DaemonException refused =
        assertThrows(DaemonException.class, () -> spec.features(EnumSet.of(Feature.USER_COPY)));
    assertEquals(ErrorCode.NOT_SUPPORTED, refused.code());
    assertTrue(refused.getMessage().contains("Linux 6.16"), refused.getMessage());
    assertTrue(spec.features(EnumSet.allOf(Feature.class)).contains(Feature.AUTO_BUFFERS));
  }
}
