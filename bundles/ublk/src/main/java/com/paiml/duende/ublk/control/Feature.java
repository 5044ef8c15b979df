package com.paiml.duende.ublk.control;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What a kernel's ublk can do, or a device does: the {@code UBLK_F_} bits of {@code linux/ublk_cmd.h}. */
public enum Feature {
  ZERO_COPY(0),
  COMPLETE_IN_TASK(1),
  NEED_GET_DATA(2),
  USER_RECOVERY(3),
  USER_RECOVERY_REISSUE(4),
  UNPRIVILEGED(5),
  IOCTL_ENCODING(6),
  USER_COPY(7),
  ZONED(8),
  USER_RECOVERY_FAIL_IO(9),
  UPDATE_SIZE(10),
  AUTO_BUFFERS(11),
  QUIESCE(12),
  PER_IO_DAEMON(13);

  private final int number;

  Feature(int number) {
    this.number = number;
  }

  /** Its bit. */
  public long bit() {
    return 1L << number;
  }

  /** Those whose bits are set; bits of newer kernels are left out. */
  public static Set<Feature> of(long bits) {
    Set<Feature> set = EnumSet.noneOf(Feature.class);
    for (Feature feature : values()) {
      if ((bits & feature.bit()) != 0) {
        set.add(feature);
      }
    }
    return set;
  }

  /** Their bits. */
  public static long bits(Set<Feature> features) {
    long bits = 0;
    for (Feature feature : features) {
      bits |= feature.bit();
    }
    return bits;
  }

  /** As people write it: {@code user-recovery}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
