/** How answers look: tables, sheets and JSON. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.shell.text;
