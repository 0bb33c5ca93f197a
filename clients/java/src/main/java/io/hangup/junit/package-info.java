/** hangup in JUnit Jupiter. */
package io.hangup.junit;
