package com.paiml.duende.ublk.control;

/**
 * Numbers of {@code linux/ublk_cmd.h} and of the entry that carries a command, {@code linux/io_uring.h}. A test compares those
 * with the compiler's that its headers know.
 */
public final class Uapi {
  private Uapi() {}

  // struct io_uring_sqe
  public static final int IORING_OP_FSYNC = 3;
  public static final int IORING_OP_READ_FIXED = 4;
  public static final int IORING_OP_WRITE_FIXED = 5;
  public static final int IORING_OP_POLL_ADD = 6;
  public static final int IORING_OP_FALLOCATE = 17;
  public static final int IORING_OP_READ = 22;
  public static final int IORING_OP_WRITE = 23;
  public static final int IORING_OP_URING_CMD = 46;
  public static final int IORING_FSYNC_DATASYNC = 1;
  public static final long SQE_FD = 4;
  public static final long SQE_OFF = 8;
  public static final long SQE_CMD_OP = 8;
  public static final long SQE_ADDR = 16;
  public static final long SQE_LEN = 24;
  public static final long SQE_RW_FLAGS = 28;
  public static final long SQE_USER_DATA = 32;
  public static final long SQE_BUF_INDEX = 40;
  public static final long SQE_CMD = 48;

  // struct ublksrv_ctrl_cmd, at SQE_CMD
  static final long CTRL_DEV_ID = SQE_CMD;
  static final long CTRL_QUEUE_ID = SQE_CMD + 4;
  static final long CTRL_LEN = SQE_CMD + 6;
  static final long CTRL_ADDR = SQE_CMD + 8;
  static final long CTRL_DATA = SQE_CMD + 16;
  static final long CTRL_PATH_LEN = SQE_CMD + 24;

  // struct ublksrv_ctrl_dev_info
  static final long INFO_SIZE = 64;
  static final long INFO_QUEUES = 0;
  static final long INFO_DEPTH = 2;
  static final long INFO_STATE = 4;
  static final long INFO_MAX_IO = 8;
  static final long INFO_ID = 12;
  static final long INFO_PID = 16;
  static final long INFO_FLAGS = 24;
  static final long INFO_SERVER_FLAGS = 32;
  static final long INFO_OWNER_UID = 40;

  // struct ublk_params, with its basic and discard parts
  static final long PARAMS_SIZE = 60;
  static final long PARAMS_TYPES = 4;
  static final long PARAMS_ATTRS = 8;
  static final long PARAMS_LOGICAL_SHIFT = 12;
  static final long PARAMS_PHYSICAL_SHIFT = 13;
  static final long PARAMS_OPTIMAL_SHIFT = 14;
  static final long PARAMS_MINIMAL_SHIFT = 15;
  static final long PARAMS_MAX_SECTORS = 16;
  static final long PARAMS_SECTORS = 24;
  static final long PARAMS_DISCARD_GRANULARITY = 44;
  static final long PARAMS_DISCARD_SECTORS = 48;
  static final long PARAMS_ZEROES_SECTORS = 52;
  static final long PARAMS_DISCARD_SEGMENTS = 56;
  static final int PARAM_TYPE_BASIC = 1;
  static final int PARAM_TYPE_DISCARD = 2;
  static final int ATTR_READ_ONLY = 1;
  static final int ATTR_VOLATILE_CACHE = 1 << 2;
  static final int ATTR_FUA = 1 << 3;

  // struct ublksrv_io_desc
  public static final long DESC_SIZE = 24;
  public static final long DESC_OP_FLAGS = 0;
  public static final long DESC_SECTORS = 4;
  public static final long DESC_START = 8;
  public static final int MAX_QUEUE_DEPTH = 4096;
  public static final int IO_OP_READ = 0;
  public static final int IO_OP_WRITE = 1;
  public static final int IO_OP_FLUSH = 2;
  public static final int IO_OP_DISCARD = 3;
  public static final int IO_OP_WRITE_ZEROES = 5;
  public static final int IO_F_FUA = 1 << 13;
  public static final int IO_F_NOUNMAP = 1 << 15;

  // Where a request's data is in the device's own file, with UBLK_F_USER_COPY
  public static final long IO_BUF_OFFSET = 0x80000000L;
  public static final int IO_BUF_TAG_SHIFT = 25;
  public static final int IO_BUF_QUEUE_SHIFT = 41;

  // struct ublksrv_io_cmd, at SQE_CMD
  public static final long IO_QUEUE = SQE_CMD;
  public static final long IO_TAG = SQE_CMD + 2;
  public static final long IO_RESULT = SQE_CMD + 4;
  public static final long IO_ADDR = SQE_CMD + 8;
  public static final int FETCH = 0xC0107520;
  public static final int COMMIT_AND_FETCH = 0xC0107521;

  // Control commands: _IOR and _IOWR of 'u' and struct ublksrv_ctrl_cmd, 32 bytes
  private static final int READS = 0x80207500;
  private static final int WRITES = 0xC0207500;
  static final int GET_QUEUE_AFFINITY = READS | 0x01;
  static final int GET_DEV_INFO = READS | 0x02;
  static final int ADD_DEV = WRITES | 0x04;
  static final int DEL_DEV = WRITES | 0x05;
  static final int START_DEV = WRITES | 0x06;
  static final int STOP_DEV = WRITES | 0x07;
  static final int SET_PARAMS = WRITES | 0x08;
  static final int GET_PARAMS = READS | 0x09;
  static final int START_USER_RECOVERY = WRITES | 0x10;
  static final int END_USER_RECOVERY = WRITES | 0x11;
  static final int GET_DEV_INFO2 = READS | 0x12;
  static final int GET_FEATURES = READS | 0x13;
  static final int DEL_DEV_ASYNC = READS | 0x14;
  static final int QUIESCE_DEV = WRITES | 0x16;
}
