package com.paiml.duende.adapter.wos.abi;

import java.util.Locale;

/** Error numbers ({@code $errno}) that are given out here. */
public enum Errno {
  SUCCESS(0),
  ACCES(2),
  AGAIN(6),
  BADF(8),
  CHILD(12),
  DQUOT(19),
  EXIST(20),
  FAULT(21),
  FBIG(22),
  ILSEQ(25),
  INTR(27),
  INVAL(28),
  IO(29),
  ISDIR(31),
  LOOP(32),
  MFILE(33),
  MLINK(34),
  MSGSIZE(35),
  NAMETOOLONG(37),
  NFILE(41),
  NOENT(44),
  NOEXEC(45),
  NOLCK(46),
  NOMEM(48),
  NOSPC(51),
  NOSYS(52),
  NOTDIR(54),
  NOTEMPTY(55),
  NOTSOCK(57),
  NOTSUP(58),
  NXIO(60),
  OVERFLOW(61),
  PERM(63),
  PIPE(64),
  RANGE(68),
  ROFS(69),
  SPIPE(70),
  SRCH(71),
  TXTBSY(74),
  XDEV(75),
  NOTCAPABLE(76);

  private final int code;

  Errno(int code) {
    this.code = code;
  }

  /** {@return the number that a module sees} */
  public int code() {
    return code;
  }

  /** {@return as in errno(3), such as {@code ENOENT}} */
  public String symbol() {
    return "E" + name().toUpperCase(Locale.ROOT);
  }
}
